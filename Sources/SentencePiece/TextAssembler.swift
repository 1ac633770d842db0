/// Puts decoded text together piece by piece.
///
/// Byte pieces wait until a piece of another kind or the end comes, because only then is it known
/// which of them form characters. Everything in `text` is final: a streaming decoder can hand it
/// out after each piece.
struct TextAssembler {
    private(set) var text: [UInt8] = []
    private var pendingBytes: [UInt8] = []
    private var expectsDummyPrefix = true
    private let rules: Rules

    /// How the model's normalisation is undone.
    struct Rules: Sendable {
        /// What stands for the unknown piece.
        var unknownSurface: [UInt8]
        /// Whether a space that starts the text is dropped.
        var dropsLeadingSpace: Bool
        /// Whether more than one is dropped.
        var dropsAllLeadingSpaces: Bool
    }

    init(_ rules: Rules) {
        self.rules = rules
    }

    /// A piece of the byte kind.
    mutating func append(byte: UInt8) {
        pendingBytes.append(byte)
    }

    /// A control piece: invisible, but it ends a run of bytes.
    mutating func appendControl() {
        flushBytes()
    }

    /// The unknown piece itself.
    mutating func appendUnknown() {
        flushBytes()
        text += rules.unknownSurface
        noteText()
    }

    /// Text that no piece covered: it is kept as it is, visible spaces included.
    mutating func append(unknownText piece: String) {
        flushBytes()
        let startsWithSpace = drops(piece)
        text += piece.utf8
        noteText(endsPrefix: startsWithSpace && !rules.dropsAllLeadingSpaces)
    }

    /// Any other piece: its visible spaces become spaces, and a first one is dropped.
    mutating func append(piece: String) {
        flushBytes()
        let isDropped = drops(piece)
        var rest = piece.utf8.dropFirst(isDropped ? Normalizer.visibleSpace.count : 0)
        while let byte = rest.first {
            if byte == Normalizer.visibleSpace[0], rest.starts(with: Normalizer.visibleSpace) {
                text.append(UInt8(ascii: " "))
                rest = rest.dropFirst(Normalizer.visibleSpace.count)
            } else {
                text.append(byte)
                rest = rest.dropFirst()
            }
        }
        noteText(endsPrefix: isDropped && !rules.dropsAllLeadingSpaces)
    }

    /// Ends the last run of bytes.
    mutating func finish() {
        flushBytes()
    }

    private func drops(_ piece: String) -> Bool {
        expectsDummyPrefix && rules.dropsLeadingSpace
            && piece.utf8.starts(with: Normalizer.visibleSpace)
    }

    private mutating func noteText(endsPrefix: Bool = false) {
        if endsPrefix || !text.isEmpty { expectsDummyPrefix = false }
    }

    /// Appends the waiting bytes, each that belongs to no character as U+FFFD.
    private mutating func flushBytes() {
        guard !pendingBytes.isEmpty else { return }
        let bytes = pendingBytes
        var offset = 0
        while offset < bytes.count {
            if let length = bytes.span.characterLength(at: offset) {
                text += bytes[offset..<(offset + length)]
                offset += length
            } else {
                text += Normalizer.replacementCharacter
                offset += 1
            }
        }
        pendingBytes.removeAll(keepingCapacity: true)
        noteText()
    }
}
