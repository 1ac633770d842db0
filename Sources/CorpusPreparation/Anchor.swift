/// A part of a sentence that stands on both sides alike, once, and is copied by whoever translates.
struct Anchor {
    /// What it is.
    enum Kind {
        /// A whole number from 2 on, in digits.
        case number
        /// A name, by the whole text.
        case name
        /// A placeholder or an address.
        case verbatim
    }
    let kind: Kind
    let text: String

    /// The anchors of a pair, in the order of its source.
    static func all(of pair: SentencePair, names: NameCounts) -> [Anchor] {
        let target = Set(PlainToken.tokens(of: pair.target).map(\.core))
        return PlainToken.tokens(of: pair.source).compactMap { token in
            guard target.contains(token.core), let kind = kind(token, names),
                pair.source.hasOnce(token.core), pair.target.hasOnce(token.core)
            else { return nil }
            return Anchor(kind: kind, text: String(token.core))
        }
    }

    /// The pair with something else in its place.
    func replaced(by text: String, in pair: SentencePair) -> SentencePair {
        pair.map { side in
            guard let range = side.firstRange(of: self.text) else { return side }
            return side.replacingCharacters(range, text)
        }
    }

    private static func kind(_ token: PlainToken, _ names: NameCounts) -> Kind? {
        if token.isVerbatim { return .verbatim }
        if isNumber(token.core) { return .number }
        return names.isName(token.core) ? .name : nil
    }

    private static let longestNumber = 6

    /// One of something is another form of the word in many languages.
    private static func isNumber(_ text: Substring) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return text.utf8.count <= longestNumber && text.utf8.allSatisfy(digits.contains)
            && text.utf8.first != UInt8(ascii: "0") && text != "1"
    }
}

extension String {
    fileprivate func hasOnce(_ part: Substring) -> Bool {
        guard let first = firstRange(of: part) else { return false }
        return self[first.upperBound...].firstRange(of: part) == nil
    }

    fileprivate func replacingCharacters(_ range: Range<Index>, _ text: String) -> String {
        String(self[..<range.lowerBound]) + text + self[range.upperBound...]
    }
}
