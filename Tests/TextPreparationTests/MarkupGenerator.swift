import TestSupport

/// Makes well-formed markup of random elements.
struct MarkupGenerator {
    var random: SeededGenerator
    let isXML: Bool
    /// The markup, and the same with turned letters where it is translated.
    private(set) var source = ""
    private(set) var turned = ""
    private var isInWord = false

    private static let words = [
        "Hund", "der", "Straße", "geht", "und", "alte", "mit", "Äpfel", "Hause", "ein", "spielt",
        "中文",
        "kleine", "Katze", "12", "3,5",
    ]
    private static let references = ["&amp;", "&lt;", "&gt;"]
    private static let inline = ["b", "i", "a", "span", "em", "strong", "u"]
    private static let blocks = ["div", "p", "section", "li"]
    private static let attributes = [
        "", "", " href=\"a?b&c\"", " class='x y'", " title=\"1 > 2\"", " data-x=1", "\n id=\"q\"",
    ]

    init(seed: UInt64, isXML: Bool = false) {
        random = SeededGenerator(seed: seed)
        self.isXML = isXML
    }

    /// A new fragment.
    mutating func make() {
        (source, turned) = ("", "")
        for _ in 0...random.below(3) { block(depth: 0) }
    }

    private mutating func add(_ text: String) {
        source += text
        turned += text
    }

    private mutating func block(depth: Int) {
        let name = pick(Self.blocks)
        add("<\(name)\(attributes())>")
        if depth < 2, random.below(4) == 0 {
            for _ in 0...random.below(2) { block(depth: depth + 1) }
        } else {
            // Without a letter nothing would be translated.
            word("Das")
            for _ in 0..<random.below(3) { sentence() }
        }
        add("</\(name)>\(pick(["", " ", "\n  "]))")
    }

    private mutating func sentence() {
        for _ in 0...random.below(6) {
            add(" ")
            phrase(depth: 0)
        }
        add(pick([".", "!", "?", ""]))
    }

    private mutating func phrase(depth: Int) {
        switch random.below(depth < 3 ? 12 : 6) {
        case 0:
            // Blanks between what has no text would count as one.
            add(
                pick(isXML ? ["<x/>", "<!-- c -->"] : ["<wbr>", "<!-- c < d -->", "<link rel=x>"]))
            word(pick(Self.words))
        case 1: word(pick(Self.references))
        case 2 where !isXML: add("<code\(attributes())>f(x)</code>")
        case 6..<12:
            let name = pick(Self.inline)
            add("<\(name)\(attributes())>")
            for index in 0...random.below(3) {
                if index > 0 { add(" ") }
                phrase(depth: depth + 1)
            }
            add("</\(name)>")
        default: word(pick(Self.words))
        }
    }

    private mutating func word(_ word: String) {
        source += word
        turned +=
            word.hasPrefix("&")
            ? word : String(decoding: word.utf8.map(AlignedWords.turn), as: UTF8.self)
    }

    private mutating func attributes() -> String { pick(Self.attributes) }

    private mutating func pick(_ list: [String]) -> String { list[random.below(list.count)] }
}

/// A strict reader of well-formed markup, which shares nothing with what is tested.
enum StrictMarkup {
    /// The tags, comments and elements that are not translated of a text, sorted; nil where it is not well-formed.
    static func tags(_ text: String) -> [String]? {
        var found: [String] = []
        var open: [Substring] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "<") {
            guard !rest[..<start].contains(">") else { return nil }
            rest = rest[start...]
            guard let end = end(of: rest) else { return nil }
            let tag = rest[..<end]
            rest = rest[end...]
            found.append(String(tag))
            if tag.hasPrefix("<!") || tag.hasPrefix("<?") || tag.hasSuffix("/>") { continue }
            let name = tag.dropFirst().prefix { !$0.isWhitespace && $0 != ">" }
            if name.hasPrefix("/") {
                guard open.popLast() == name.dropFirst() else { return nil }
            } else if !voids.contains(name) {
                open.append(name)
            }
        }
        return open.isEmpty && !rest.contains(">") ? found.sorted() : nil
    }

    private static let voids: Set<Substring> = [
        "area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
    ]

    private static func end(of text: Substring) -> Substring.Index? {
        if text.hasPrefix("<!--") {
            var index = text.startIndex
            while index < text.endIndex {
                if text[index...].hasPrefix("-->") { return text.index(index, offsetBy: 3) }
                index = text.index(after: index)
            }
            return nil
        }
        guard text.dropFirst().drop(while: { $0 == "/" || $0 == "?" }).first?.isLetter == true
        else { return nil }
        var quote: Character?
        var previous: Character = "<"
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                guard previous == "=" else { return nil }
                quote = character
            } else if character == ">" {
                return text.index(after: index)
            }
            previous = character
        }
        return nil
    }
}
