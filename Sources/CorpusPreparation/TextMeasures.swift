import UnicodeText

/// What filters ask about a cleaned line.
struct TextMeasures {
    /// Code points.
    private(set) var characters = 0
    /// Parts between blanks.
    private(set) var words = 0
    /// Code points of the longest word that is no address.
    private(set) var longestWord = 0
    /// Letters of each script.
    private(set) var letters: [Script: Int] = [:]
    /// Code points of addresses, tags and character references, as a share of all.
    private(set) var markupShare = 0.0

    /// Measures a line.
    ///
    /// - Parameter text: cleaned.
    init(_ text: String) {
        var markup = Markup.length(in: text)
        for word in text.words {
            let length = word.unicodeScalars.count
            words += 1
            characters += length
            if PlainToken.isAddress(word) {
                markup += length
            } else {
                longestWord = max(longestWord, length)
            }
        }
        characters += max(words - 1, 0)
        countLetters(text)
        if characters > 0 { markupShare = Double(markup) / Double(characters) }
    }

    /// Letters of all scripts.
    var letterCount: Int { letters.values.reduce(0, +) }

    private mutating func countLetters(_ text: String) {
        var latin = 0
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                if scalar.isLetter { latin += 1 }
                continue
            }
            let script = Script(of: scalar)
            if case .letters = script { letters[script, default: 0] += 1 }
        }
        if latin > 0 { letters[Script(of: "a"), default: 0] += latin }
    }
}
