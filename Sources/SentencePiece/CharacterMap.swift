/// A precompiled normalisation map: byte strings and what each is replaced by.
///
/// The blob is the trie's size in bytes (32-bit little-endian), the trie as a darts-clone double
/// array of 32-bit units, and the replacements, each ended by a zero byte. A key's value is the
/// offset of its replacement. The array is validated once, so that no walk can leave it.
struct CharacterMap: Sendable {
    /// More than any Unicode normalisation form needs; a bound on how much text can grow.
    static let replacementByteLimit = 1024
    /// The reference implementation looks at no more than this many prefixes of one position.
    static let prefixLimit = 32

    /// A broken array can lead in circles; a bound on what one position costs.
    static let keyByteLimit = 1024

    private let units: [Unit]
    let replacements: [UInt8]

    /// One unit of a darts-clone double array.
    struct Unit: Sendable {
        let bits: UInt32
        /// The byte that leads here; above 0xFF for a unit that holds a value.
        var label: UInt32 { bits & (1 << 31 | 0xFF) }
        var hasValue: Bool { bits >> 8 & 1 == 1 }
        var value: Int { Int(bits & (1 << 31 - 1)) }
        var offset: Int { Int((bits >> 10) << ((bits & 1 << 9) >> 6)) }
    }

    // The blob is `NormalizerSpec.precompiled_charsmap`.
    init(_ blob: ArraySlice<UInt8>) throws(SentencePieceError) {
        guard blob.count > 4 else { throw .invalidCharacterMap(.trieSize(0)) }
        let body = blob.dropFirst(4)
        let size = Int(Self.word(blob.prefix(4)))
        guard size > 0, size.isMultiple(of: 1024), size < body.count else {
            throw .invalidCharacterMap(.trieSize(size))
        }
        replacements = Array(body.dropFirst(size))
        guard replacements.last == 0 else { throw .invalidCharacterMap(.unterminated) }
        let start = body.startIndex
        units = (0..<size / 4).map { index in
            Unit(bits: Self.word(body[(start + 4 * index)..<(start + 4 * index + 4)]))
        }
        try checkUnits()
        try checkReplacements()
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Every unit that a walk can reach leads into the array, and every value into the
    /// replacements.
    private func checkUnits() throws(SentencePieceError) {
        if units[0].label != 0 || units[0].hasValue || units[0].offset == 0 {
            throw .invalidCharacterMap(.trieUnit(0))
        }
        for (index, unit) in units.enumerated() {
            let isSound =
                if unit.label > 0xFF {
                    unit.value < replacements.count
                } else {
                    (index ^ unit.offset) | 0xFF < units.count
                        && (!unit.hasValue || units[index ^ unit.offset].label > 0xFF)
                }
            if !isSound { throw .invalidCharacterMap(.trieUnit(index)) }
        }
    }

    private func checkReplacements() throws(SentencePieceError) {
        var length = 0
        for byte in replacements {
            length = byte == 0 ? 0 : length + 1
            if length > Self.replacementByteLimit {
                throw .invalidCharacterMap(
                    .replacementTooLong(byteLimit: Self.replacementByteLimit))
            }
        }
    }

    /// The longest key at `offset` of `text` and the offset of its replacement.
    func longestMatch(in text: Span<UInt8>, at offset: Int) -> (length: Int, replacement: Int)? {
        let units = units.span
        var node = units[0].offset
        var found: (length: Int, replacement: Int)?
        var matches = 0
        var position = offset
        let end = min(text.count, offset + Self.keyByteLimit)
        while position < end {
            let byte = text[position]
            node ^= Int(byte)
            let unit = units[node]
            guard unit.label == UInt32(byte) else { break }
            node ^= unit.offset
            position += 1
            guard unit.hasValue else { continue }
            found = (position - offset, units[node].value)
            matches += 1
            if matches == Self.prefixLimit { break }
        }
        return found
    }

    /// Where the replacement that starts at `offset` lies in `replacements`.
    func replacementRange(at offset: Int) -> Range<Int> {
        var end = offset
        while replacements[end] != 0 { end += 1 }
        return offset..<end
    }
}
