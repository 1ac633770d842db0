import UnicodeText

/// What a first reading finds out about a parallel text: its scripts, the look of its languages, its names.
///
/// It holds about 7 MiB, however long the text is, and the same whatever the number of threads.
public struct CorpusProfile: Sendable {
    /// How many pairs are looked at, 1,000,000; more would tell no more.
    public static let pairLimit = 1_000_000

    /// Pairs learnt.
    public private(set) var pairCount = 0
    /// Pairs read, those that no filter needs among them.
    private(set) var readCount = 0
    private var letters: (source: [Script: Int], target: [Script: Int]) = ([:], [:])
    private var characters = (source: 0, target: 0)
    private(set) var languages = LanguageTest()
    private(set) var names = NameCounts()

    /// Knows nothing yet.
    public init() {}

    /// Whether it has seen enough.
    public var isComplete: Bool { readCount >= Self.pairLimit }

    /// Learns from the next pairs, until it is complete.
    ///
    /// - Parameters:
    ///   - lines: in their order.
    ///   - threads: how many clean and measure them.
    public mutating func learn(_ lines: [RawPair], threads: Int) {
        let rest = lines.prefix(Self.pairLimit - readCount)
        readCount += rest.count
        for read in concurrentMap(
            Array(rest), threads: threads, with: {}, { line, _ in Self.read(line) })
        {
            if let read { learn(read) }
        }
    }

    private struct Reading {
        let pair: SentencePair
        let source: TextMeasures
        let target: TextMeasures
    }

    /// A pair that says something about the languages: with letters, and not the same on both sides.
    private static func read(_ line: RawPair) -> Reading? {
        guard let source = line.source, let target = line.target else { return nil }
        let pair = SentencePair(source: source, target: target).map(LineCleaning.cleaned)
        guard pair.source != pair.target else { return nil }
        let reading = Reading(
            pair: pair, source: TextMeasures(pair.source), target: TextMeasures(pair.target))
        return reading.source.letterCount > 0 && reading.target.letterCount > 0 ? reading : nil
    }

    private mutating func learn(_ reading: Reading) {
        pairCount += 1
        letters.source.merge(reading.source.letters, uniquingKeysWith: +)
        letters.target.merge(reading.target.letters, uniquingKeysWith: +)
        characters.source += reading.source.characters
        characters.target += reading.target.characters
        languages.learn(reading.pair)
        names.learn(reading.pair)
    }

    /// The script of most letters of each side; nil: no letter was seen.
    var scripts: (source: Script?, target: Script?) {
        (Self.mostFrequent(letters.source), Self.mostFrequent(letters.target))
    }

    private static func mostFrequent(_ letters: [Script: Int]) -> Script? {
        let most = letters.values.max()
        // Of two that are as frequent the one that comes first in Unicode.
        return letters.filter { $0.value == most }.keys.min { $0.firstLetter < $1.firstLetter }
    }

    /// Characters of the source for each of the target.
    var lengthRatio: Double {
        characters.source > 0 && characters.target > 0
            ? Double(characters.source) / Double(characters.target) : 1
    }
}

extension Script {
    fileprivate var firstLetter: UInt32 {
        switch self {
        case .letters(let value): value
        case .any, .common: 0
        }
    }
}
