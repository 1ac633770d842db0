/// Rewrites text into the form that pieces are written in.
///
/// The steps are those of the reference implementation: protected symbols pass unchanged, the
/// longest rule of the character map replaces, and white space is collapsed and escaped.
struct Normalizer {
    /// U+2581, which stands for a space inside pieces.
    static let spaceSymbol: [UInt8] = [0xE2, 0x96, 0x81]
    private let spec: ModelFile.NormalizerSpec
    private let map: CharacterMap?
    private let protected: PieceTrie?
    private let dummyIsSuffix: Bool

    // `protected` holds the symbols that the map leaves alone.
    init(
        _ spec: ModelFile.NormalizerSpec, bytes: [UInt8], protected: PieceTrie?,
        dummyIsSuffix: Bool
    ) throws(SentencePieceError) {
        self.spec = spec
        self.protected = protected
        self.dummyIsSuffix = dummyIsSuffix
        map = spec.characterMap.isEmpty ? nil : try CharacterMap(bytes[spec.characterMap])
    }

    func normalize(_ text: [UInt8]) -> [UInt8] {
        var offset = spec.removesExtraWhitespace ? leadingSpace(text) : 0
        guard offset < text.count else { return [] }
        let space = spec.escapesWhitespace ? Self.spaceSymbol : [0x20]
        var output: [UInt8] = []
        output.reserveCapacity(text.count + text.count / 2 + 3)
        if spec.addsDummyPrefix && !dummyIsSuffix { output += space }
        var afterSpace = spec.removesExtraWhitespace
        while offset < text.count {
            let (length, replacement) = next(text, at: offset)
            let kept = afterSpace ? replacement.drop { $0 == 0x20 } : replacement
            for byte in kept {
                if byte == 0x20 { output += space } else { output.append(byte) }
            }
            if let last = kept.last { afterSpace = last == 0x20 }
            if !spec.removesExtraWhitespace { afterSpace = false }
            offset += length
        }
        if spec.removesExtraWhitespace {
            while output.count >= space.count, output.suffix(space.count).elementsEqual(space) {
                output.removeLast(space.count)
            }
        }
        if spec.addsDummyPrefix && dummyIsSuffix { output += space }
        return output
    }

    private func leadingSpace(_ text: [UInt8]) -> Int {
        var offset = 0
        while offset < text.count {
            let (length, replacement) = next(text, at: offset)
            guard replacement.count == 1, replacement.first == 0x20 else { break }
            offset += length
        }
        return offset
    }

    private func next(_ text: [UInt8], at offset: Int) -> (Int, ArraySlice<UInt8>) {
        if let length = protected?.longestMatch(text, at: offset), length > 0 {
            return (length, text[offset..<(offset + length)])
        }
        if let match = map?.match(text, at: offset) { return match }
        guard let length = text.span.characterLength(at: offset) else {
            return (1, [0xEF, 0xBF, 0xBD])
        }
        return (length, text[offset..<(offset + length)])
    }
}
