/// Turns text into what pieces are matched against, byte for byte as the reference `Normalizer`.
///
/// Characters are replaced by a precompiled map, user-defined symbols are kept as they are, spaces
/// are trimmed and folded, and written as U+2581, of which one is added in front or behind.
package struct Normalizer: Sendable {
    /// U+2581, the visible space of pieces.
    package static let visibleSpace: [UInt8] = [0xE2, 0x96, 0x81]
    /// U+FFFD, for bytes that are part of no character.
    package static let replacementCharacter: [UInt8] = [0xEF, 0xBF, 0xBD]
    private static let space = UInt8(ascii: " ")

    private let characterMap: CharacterMap?
    private let userDefined: ByteTrie?
    private let addsDummyPrefix: Bool
    private let addsDummySuffix: Bool
    private let removesExtraWhitespace: Bool
    private let spaceSymbol: [UInt8]

    // The map is a range of `file`; `userDefined` symbols are left as they are.
    package init(
        _ spec: ModelFile.NormalizerSpec, in file: ModelFile, userDefined: ByteTrie?,
        spaceIsSuffix: Bool
    ) throws(SentencePieceError) {
        characterMap =
            spec.characterMap.isEmpty ? nil : try CharacterMap(file.bytes[spec.characterMap])
        self.userDefined = userDefined
        addsDummyPrefix = spec.addsDummyPrefix && !spaceIsSuffix
        addsDummySuffix = spec.addsDummyPrefix && spaceIsSuffix
        removesExtraWhitespace = spec.removesExtraWhitespace
        spaceSymbol = spec.escapesWhitespace ? Self.visibleSpace : [Self.space]
    }

    /// Where the normal form of one step lies.
    private enum Source {
        case text
        case replacements
        case replacementCharacter
    }

    /// One step: the bytes consumed and the range that they become.
    private struct Step {
        var consumed: Int
        var source: Source
        var range: Range<Int>
    }

    /// The normal form of `text`; empty where the text is empty or nothing but removed spaces.
    package func normalize(_ text: Span<UInt8>) -> [UInt8] {
        var origins = NoOrigins()
        return normalize(text, &origins)
    }

    /// The normal form, and for each of its bytes where in `text` the step starts that it comes from.
    ///
    /// A step is a key of the map, a user-defined symbol or a character; origins ascend.
    func normalizeWithOrigins(_ text: Span<UInt8>) -> (bytes: [UInt8], origins: [Int]) {
        var origins = StepOrigins()
        let bytes = normalize(text, &origins)
        return (bytes, origins.starts)
    }

    private func normalize(
        _ text: Span<UInt8>, _ origins: inout some OriginRecorder
    ) -> [UInt8] {
        var position = endOfLeadingSpaces(in: text)
        var output: [UInt8] = []
        guard position < text.count else { return output }
        output.reserveCapacity(text.count + text.count / 2 + spaceSymbol.count)
        if addsDummyPrefix { output += spaceSymbol }
        origins.record(output.count, from: position)
        var followsSpace = removesExtraWhitespace
        while position < text.count {
            let step = step(in: text, at: position)
            let start = position
            position += step.consumed
            defer { origins.record(output.count, from: start) }
            switch step.source {
            case .text:
                append(text, step.range, to: &output, followsSpace: &followsSpace)
            case .replacements:
                guard let characterMap else { continue }
                append(
                    characterMap.replacements.span, step.range, to: &output,
                    followsSpace: &followsSpace)
            case .replacementCharacter:
                append(
                    Self.replacementCharacter.span, step.range, to: &output,
                    followsSpace: &followsSpace)
            }
        }
        if removesExtraWhitespace { removeTrailingSpaces(from: &output) }
        if addsDummySuffix { output += spaceSymbol }
        origins.record(output.count, from: text.count)
        return output
    }

    /// Steps over everything that becomes exactly one space.
    private func endOfLeadingSpaces(in text: Span<UInt8>) -> Int {
        var position = 0
        while removesExtraWhitespace, position < text.count {
            let step = step(in: text, at: position)
            let isSpace =
                switch step.source {
                case .text: step.range.count == 1 && text[step.range.lowerBound] == Self.space
                case .replacements:
                    step.range.count == 1
                        && characterMap?.replacements[step.range.lowerBound] == Self.space
                case .replacementCharacter: false
                }
            guard isSpace else { break }
            position += step.consumed
        }
        return position
    }

    private func step(in text: Span<UInt8>, at position: Int) -> Step {
        if let length = userDefined?.longestSymbol(in: text, at: position) {
            return Step(
                consumed: length, source: .text, range: position..<(position + length))
        }
        if let characterMap, let match = characterMap.longestMatch(in: text, at: position) {
            return Step(
                consumed: match.length, source: .replacements,
                range: characterMap.replacementRange(at: match.replacement))
        }
        guard let length = text.characterLength(at: position) else {
            return Step(consumed: 1, source: .replacementCharacter, range: 0..<3)
        }
        return Step(consumed: length, source: .text, range: position..<(position + length))
    }

    /// Appends `range` of `source`, writing spaces as the space symbol and, behind a space,
    /// dropping those that it starts with.
    @inline(__always)
    private func append(
        _ source: Span<UInt8>, _ range: Range<Int>, to output: inout [UInt8],
        followsSpace: inout Bool
    ) {
        var start = range.lowerBound
        while followsSpace, start < range.upperBound, source[start] == Self.space { start += 1 }
        guard start < range.upperBound else { return }
        for index in start..<range.upperBound {
            let byte = source[index]
            if byte == Self.space { output += spaceSymbol } else { output.append(byte) }
        }
        followsSpace = removesExtraWhitespace && source[range.upperBound - 1] == Self.space
    }

    private func removeTrailingSpaces(from output: inout [UInt8]) {
        while output.suffix(spaceSymbol.count).elementsEqual(spaceSymbol) {
            output.removeLast(spaceSymbol.count)
        }
    }
}

/// Told where the bytes of a normal form come from.
private protocol OriginRecorder {
    /// Says that the normal form has `count` bytes now, and that those added last come from `start`; where
    /// it has fewer than before, the last ones are gone.
    mutating func record(_ count: Int, from start: Int)
}

/// Nobody asks.
private struct NoOrigins: OriginRecorder {
    @inline(__always)
    mutating func record(_ count: Int, from start: Int) {}
}

/// An origin for each byte.
private struct StepOrigins: OriginRecorder {
    private(set) var starts: [Int] = []

    mutating func record(_ count: Int, from start: Int) {
        starts.removeLast(max(0, starts.count - count))
        starts.append(contentsOf: repeatElement(start, count: count - starts.count))
    }
}
