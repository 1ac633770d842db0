import TextPreparation

/// Writes translations with alignments by hand.
enum AlignedWords {
    /// A translation and its alignment.
    ///
    /// - Parameters:
    ///   - notation: words with blanks between, each followed by `=` and the word of the source that it was made from, or
    ///     `=2:` and the word, for its second place. A word that begins with `+` stands without a blank.
    ///   - source: the input's text.
    /// - Returns: the words with blanks between, each aligned to the word that it names.
    static func translation(_ notation: String, of source: String) -> InputTranslation {
        var text = ""
        var alignment: [AlignedSpan] = []
        for item in notation.split(separator: " ") {
            let pair = item.split(separator: "=", maxSplits: 1)
            var word = pair[0]
            if word.hasPrefix("+") {
                word = word.dropFirst()
            } else if !text.isEmpty {
                text += " "
            }
            let start = text.utf8.count
            text += word
            guard pair.count == 2, let range = place(pair[1], in: source) else { continue }
            alignment.append(AlignedSpan(target: start..<text.utf8.count, source: range))
        }
        return InputTranslation(text, alignment: alignment)
    }

    private static func place(_ word: Substring, in source: String) -> Range<Int>? {
        var word = word
        var count = 1
        if let first = word.first?.wholeNumberValue, word.dropFirst().first == ":" {
            count = first
            word = word.dropFirst(2)
        }
        let (bytes, wanted) = (Array(source.utf8), Array(word.utf8))
        guard wanted.count <= bytes.count else { return nil }
        for start in 0...(bytes.count - wanted.count)
        where bytes[start..<(start + wanted.count)].elementsEqual(wanted)
            && !(start > 0 && isLetter(bytes[start - 1]) && isLetter(wanted[0]))
        {
            count -= 1
            if count == 0 { return start..<(start + wanted.count) }
        }
        return nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// An input with other letters of the same lengths, aligned letter by letter: `a` becomes `n`.
    ///
    /// Its protected spans stay.
    static func turned(_ input: ModelInput) -> InputTranslation {
        var bytes = Array(input.text.utf8)
        var spans = input.spans[...]
        for index in bytes.indices {
            while let span = spans.first, span.range.upperBound <= index { spans.removeFirst() }
            if spans.first?.range.contains(index) != true { bytes[index] = turn(bytes[index]) }
        }
        var offset = 0
        let alignment = input.text.unicodeScalars.map { scalar in
            let range = offset..<(offset + UTF8.width(scalar))
            offset = range.upperBound
            return AlignedSpan(target: range, source: range)
        }
        return InputTranslation(String(decoding: bytes, as: UTF8.self), alignment: alignment)
    }

    static func turn(_ byte: UInt8) -> UInt8 {
        let letter = (byte | 0x20) &- 0x61
        return letter < 26 ? byte &- letter &+ (letter &+ 13) % 26 : byte
    }
}
