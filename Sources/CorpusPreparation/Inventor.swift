import System

/// Makes up what is copied and not translated.
struct Inventor {
    private var generator: SplitMix64
    private let names: [String]

    /// - Parameters:
    ///   - generator: of the draws.
    ///   - names: some that are known from the text.
    init(_ generator: SplitMix64, names: [String]) {
        self.generator = generator
        self.names = names
    }

    /// A number that could stand for another one: a day or an hour, a year, or one of as many digits.
    mutating func number(like text: String) -> String {
        let value = Int(text) ?? 0
        let range =
            switch value {
            case 2...31: 2...31
            case 1_000...2_100: 1_000...2_100
            default: Self.numbers(ofDigits: text.utf8.count)
            }
        return "\(draw(range))"
    }

    /// A name: one of the text, or one that nobody has, so that it has to be spelt.
    mutating func name() -> String {
        if !names.isEmpty, draw(0...1) == 0 { return pick(names) }
        let first = madeUpName()
        return draw(0...3) == 0 ? "\(first) \(madeUpName())" : first
    }

    /// A placeholder of a program, an address, a file, a time: what programs put into sentences.
    mutating func verbatim() -> String {
        switch draw(0...9) {
        case 0: pick(["%s", "%d", "%@", "%i"])
        case 1: "%\(draw(1...4))$\(pick(["s", "d"]))"
        case 2: "{\(draw(0...9))}"
        case 3: "{\(pick(Self.variables))}"
        case 4: bracketed(pick(Self.variables))
        case 5: "https://\(host())/\(word())/\(draw(1...9_999))"
        case 6: "www.\(host())"
        case 7: "\(word())@\(host())"
        case 8: "\(word())_\(draw(1...99)).\(pick(["pdf", "txt", "jpg", "csv"]))"
        default: "\(draw(0...9)).\(draw(0...20)).\(draw(0...20))"
        }
    }

    /// A line of its own that is the same in every language.
    mutating func line() -> String {
        switch draw(0...7) {
        case 0: "\(draw(0...99_999))"
        case 1: name()
        case 2: "\(draw(1_900...2_099))-\(twoDigits(1...12))-\(twoDigits(1...28))"
        case 3: "\(twoDigits(0...23)):\(twoDigits(0...59))"
        case 4: "+\(draw(1...99)) \(draw(10...999)) \(draw(10_000...9_999_999))"
        case 5: "\(pick(Self.capitals))\(pick(Self.capitals))-\(draw(10...9_999))"
        default: verbatim()
        }
    }

    private mutating func bracketed(_ name: String) -> String {
        pick(["{{\(name)}}", "${\(name)}", "%(\(name))s", "<\(name)>"])
    }

    private mutating func draw(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(generator.uniform() * Double(range.count))
    }

    private mutating func pick(_ elements: [String]) -> String {
        elements[draw(0...elements.count - 1)]
    }

    private mutating func twoDigits(_ range: ClosedRange<Int>) -> String {
        let number = draw(range)
        return number < 10 ? "0\(number)" : "\(number)"
    }

    private mutating func host() -> String {
        "\(word()).\(pick(["com", "org", "net", "de", "eu"]))"
    }

    private mutating func word() -> String { madeUpName().lowercased() }

    private mutating func madeUpName() -> String {
        var name = ""
        for _ in 0..<draw(2...3) { name += pick(Self.onsets) + pick(Self.vowels) }
        name += pick(Self.codas)
        return name.prefix(1).uppercased() + name.dropFirst()
    }

    private static func numbers(ofDigits count: Int) -> ClosedRange<Int> {
        let least = (1..<max(count, 1)).reduce(1) { power, _ in power * 10 }
        return max(least, 2)...(10 * least - 1)
    }

    private static let variables = [
        "name", "user", "count", "file", "title", "date", "value", "email", "path", "number",
        "item_name", "userName", "total",
    ]
    private static let capitals = [
        "A", "B", "C", "D", "E", "F", "G", "H", "K", "M", "N", "P", "R", "X",
    ]
    private static let onsets = [
        "b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "br",
        "dr",
        "kr", "tr", "st", "sch", "ch", "sh", "th", "gl", "fl", "",
    ]
    private static let vowels = [
        "a", "e", "i", "o", "u", "a", "e", "i", "o", "ai", "ei", "ou", "ie", "y",
    ]
    private static let codas = [
        "", "", "n", "r", "s", "l", "m", "k", "t", "nd", "ck", "sen", "ski", "mann",
    ]
}
