import CorpusPreparation
import Testing

@Suite("A filter of parallel text", .timeLimit(.minutes(10)))
struct FilterTests {
    private static let good = Corpus.pairs(600, seed: 3)
    private static let url = "https://example.org/a/very/long/address?with=parameters"

    @Test(
        "leaves a pair out for its reason, counts it with its place, and keeps it where that is allowed",
        arguments: [
            ("12 34 56", "12 34 57", DropReason.noLetters),
            ("abc", "ijk", .tooShort),
            (
                "abcd " + String(repeating: "hgfe ", count: 20),
                "ijkl " + String(repeating: "mnop ", count: 12), .tooLong
            ),
            (
                "abcd " + String(repeating: "h", count: 41),
                "ijkl " + String(repeating: "m", count: 41), .longWord
            ),
            ("abcd efgh abcd efgh abcd efgh abcd efgh abcd efgh", "ij kl", .lengthRatio),
            ("Qort Rusvet Zyq abcd", "Qort Rusvet Zyq abcd", .identical),
            ("abc \(url)", "ijk \(url)", .markup),
            ("<b> abc </b> &amp;", "<b> ijk </b> &amp;", .markup),
            ("\u{436}\u{437}\u{438} \u{437}\u{438}\u{436}", "ijkl mnop", .script),
            ("ijkl mnop klmn lmnk mnop", "abcd efgh cdef defc efgh", .language),
            ("abcd xx7 abcd", "ijkl xx7 ijkl", .pattern),
        ])
    func reasons(_ source: String, _ target: String, _ reason: DropReason) throws {
        var filters = FilterOptions()
        filters.words = 2...15
        filters.maximumWordCharacters = 40
        filters.maximumRatio = 2
        filters.patterns = ["[a-z]+[0-9]"]
        let lines = Corpus.lines(Self.good + [SentencePair(source: source, target: target)])
        let strict = Corpus.prepare(lines, filters)
        #expect(strict.report.dropped[reason]?.examples.contains(lines[600].place) == true)
        #expect(strict.pairs.allSatisfy { $0.places != [lines[600].place] })
        filters.allowed = [reason]
        let mild = Corpus.prepare(lines, filters)
        #expect(mild.pairs.last?.places == [lines[600].place], "\(mild.report.dropped)")
    }

    @Test("drops what is no text, blank lines and lost characters, whatever is allowed")
    func noText() {
        var filters = FilterOptions()
        filters.allowed = Set(DropReason.allCases)
        let place = PairPlace(input: 2, line: 9)
        let lines = [
            RawPair(place, source: nil, target: "ijkl"),
            RawPair(place, source: "abcd", target: nil),
            RawPair(place, source: "ab\u{FFFD}cd", target: "ijkl"),
            RawPair(place, source: " \u{200B}", target: "ijkl"),
            RawPair(place, source: "abcd", target: ""),
        ]
        let result = Corpus.prepare(lines, filters)
        #expect(result.pairs.isEmpty)
        #expect(result.report.dropped[.notText]?.count == 3)
        #expect(result.report.dropped[.empty]?.examples == [place, place])
    }

    @Test("leaves out what is held out on either side, up to case and punctuation")
    func heldOut() {
        let lines = Corpus.lines([
            SentencePair(source: "Abcd, efgh!", target: "ijkl"),
            SentencePair(source: "hgfe", target: "IJKL  \u{201E}mnop\u{201C}"),
            SentencePair(source: "abcd efgh hgfe", target: "mnop ijkl"),
        ])
        let result = Corpus.prepare(lines, heldOut: ["abcd efgh", "ijkl mnop.", " "])
        #expect(result.pairs.map(\.places) == [[lines[2].place]])
        #expect(result.report.dropped[.heldOut]?.examples == [lines[0].place, lines[1].place])
    }

    @Test(
        "keeps names that are the same on both sides, and pairs of texts of different lengths by nature"
    )
    func exceptions() {
        let long = Self.good.map { pair in
            SentencePair(
                source: pair.source,
                target: Array(repeating: pair.target, count: 5).joined(separator: " "))
        }
        let names = [SentencePair(source: "Qort Rusvet", target: "Qort Rusvet")]
        #expect(Corpus.prepare(Corpus.lines(Self.good + names)).pairs.last?.pair == names[0])
        #expect(Corpus.prepare(Corpus.lines(long)).report.dropped[.lengthRatio] == nil)
    }

    @Test("finds duplicates of pairs, sources and targets, folded where that is asked for")
    func duplicates() {
        let pairs = [
            ("abcd efgh.", "ijkl mnop."), ("abcd efgh.", "ijkl mnop."),
            ("Abcd, efgh", "ijkl mnop!"),
            ("abcd efgh.", "lkji"), ("hgfe", "ijkl mnop."),
        ].map { SentencePair(source: $0, target: $1) }
        func places(_ unique: Set<FilterOptions.PairPart>, folded: Bool = false) -> [Int] {
            var filters = FilterOptions()
            filters.unique = unique
            filters.foldsDuplicates = folded
            return Corpus.prepare(Corpus.lines(pairs), filters).pairs.map { $0.places[0].line }
        }
        #expect(places([.pair]) == [1, 3, 4, 5])
        #expect(places([.pair], folded: true) == [1, 4, 5])
        #expect(places([.source]) == [1, 3, 5])
        #expect(places([.target]) == [1, 3, 4])
        #expect(places([.source, .target], folded: true) == [1])
    }

    @Test("finds no duplicate in what it has made, and changes nothing there")
    func idempotent() {
        let pairs = Corpus.pairs(300, seed: 5)
        var filters = FilterOptions()
        filters.unique = [.pair, .source, .target]
        filters.foldsDuplicates = true
        let once = Corpus.prepare(Corpus.lines(pairs + pairs.reversed() + pairs), filters)
        #expect(once.report.dropped[.duplicate]?.count == 2 * once.report.keptCount)
        let twice = Corpus.prepare(Corpus.lines(once.pairs.map(\.pair)), filters)
        #expect(twice.pairs.map(\.pair) == once.pairs.map(\.pair))
        #expect(twice.report.droppedCount == 0 && twice.report.changed.count == 0)
    }

    @Test("names a pattern that is no regular expression")
    func faultyPattern() {
        var filters = FilterOptions()
        filters.patterns = ["a+", "(", "["]
        #expect(filters.faultyPattern == "(")
    }
}
