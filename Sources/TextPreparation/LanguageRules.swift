import EmbeddedFiles

/// What a language knows about ends of sentences, read from a file in `Languages`.
///
/// A line of such a file is `key: words`, a comment begins with `#`. Abbreviations are written in lower case,
/// without the last dot and without blanks (`z.b` stands for "z. B." and "z.B."). The keys:
///
/// | key | words |
/// | --- | --- |
/// | `codes` | language codes of ISO 639, the two-letter one first |
/// | `never` | abbreviations after which no sentence begins: titles, "e.g." |
/// | `number` | abbreviations after which no sentence begins if a number follows: "p. 55" |
/// | `starter` | abbreviations after which a sentence begins only with one of `starters`: "Co. It" |
/// | `final` | abbreviations after which a sentence begins with any capital that is no title: "5 p.m. Travelers" |
/// | `starters` | words that begin sentences and are capitalised there only |
/// | `ordinals` | `yes` where a number with a dot is an ordinal: "3. März" |
/// | `ordinal-before`, `ordinal-after` | words beside an ordinal |
/// | `exclamations` | names with an exclamation mark |
/// | `capital` | words that are capitals even in running text: "I" |
/// | `nouns` | `capitals` where nouns have capitals, and compounds are written as one word |
/// | `questions` | words that begin questions, and nothing else in nine of ten sentences |
/// | `minor` | words that a title leaves in lower case |
/// | `spaces` | `no` where no blanks part words and sentences |
struct LanguageRules: Sendable {
    /// What an abbreviation says about the place after its dot.
    enum Abbreviation: Sendable {
        case never
        case number
        case starter
        case final
    }

    private(set) var abbreviations: [String: Abbreviation] = [:]
    private(set) var starters: Set<String> = []
    private(set) var hasOrdinals = false
    private(set) var ordinalLeaders: Set<String> = []
    private(set) var ordinalFollowers: Set<String> = []
    private(set) var exclamations: Set<String> = []
    private(set) var capitals: Set<String> = []
    private(set) var capitalisesNouns = false
    private(set) var questions: Set<String> = []
    private(set) var minorWords: Set<String> = []
    private(set) var codes: [String] = []
    private(set) var writesSpaces = true

    /// The rules for a language tag (RFC 5646, or with `_`), by its first subtag; those that hold for any
    /// language if there is no such file, or no tag.
    static func of(_ tag: String?) -> Self {
        guard let first = tag?.split(whereSeparator: { $0 == "-" || $0 == "_" }).first else {
            return root
        }
        return all[first.lowercased()] ?? root
    }

    /// Whether a word in small letters, without its last dot, is an abbreviation that sentences end with.
    ///
    /// Those are "etc", "p.m", and other short parts with dots within. What stands before names and numbers is often a word, too: "no", "art".
    func endsAsAbbreviation(_ word: String) -> Bool {
        switch abbreviations[word] {
        case .starter, .final: true
        case .never, .number, nil:
            word.contains(".") && word.split(separator: ".").allSatisfy { $0.count <= 2 }
        }
    }

    private static let root = Self(reading: file("und"))

    private static let all: [String: Self] = {
        let names = [
            "ar", "cs", "de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "th", "uk",
            "zh",
        ]
        var all: [String: Self] = [:]
        for rules in names.map({ root.adding(file($0)) }) {
            for code in rules.codes { all[code] = rules }
        }
        return all
    }()

    private static func file(_ name: String) -> String {
        EmbeddedFile.text("TextPreparation/Languages/\(name).txt")
    }

    private init(reading text: String) {
        self.read(text)
    }

    private func adding(_ text: String) -> Self {
        var rules = self
        rules.read(text)
        return rules
    }

    private mutating func read(_ text: String) {
        for line in text.split(separator: "\n") {
            guard !line.hasPrefix("#"), let colon = line.firstIndex(of: ":") else { continue }
            let words = line[line.index(after: colon)...].split(separator: " ").map(String.init)
            add(words, to: String(line[..<colon]))
        }
    }

    private mutating func add(_ words: [String], to key: String) {
        switch key {
        case "codes": codes += words
        case "never": for word in words { abbreviations[word] = .never }
        case "number": for word in words { abbreviations[word] = .number }
        case "starter": for word in words { abbreviations[word] = .starter }
        case "final": for word in words { abbreviations[word] = .final }
        case "starters": starters.formUnion(words)
        case "ordinals": hasOrdinals = words == ["yes"]
        case "ordinal-before": ordinalLeaders.formUnion(words)
        case "ordinal-after": ordinalFollowers.formUnion(words)
        case "exclamations": exclamations.formUnion(words)
        case "capital": capitals.formUnion(words)
        case "nouns": capitalisesNouns = words == ["capitals"]
        case "questions": questions.formUnion(words)
        case "minor": minorWords.formUnion(words)
        case "spaces": writesSpaces = words != ["no"]
        default: break
        }
    }
}
