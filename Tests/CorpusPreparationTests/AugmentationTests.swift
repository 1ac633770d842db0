import CorpusPreparation
import TestSupport
import Testing

@Suite("Augmented text", .timeLimit(.minutes(10)))
struct AugmentationTests {
    private static let lines = Corpus.lines(Corpus.pairs(1_500, seed: 11))

    /// Every kind, often.
    private static func often(seed: UInt64 = 1) -> AugmentationOptions {
        var options = AugmentationOptions()
        for kind in Augmentation.allCases { options.shares[kind] = 0.5 }
        options.seed = seed
        return options
    }

    @Test("holds the kept pairs and what is made of them, and the report counts all of it")
    func explained() throws {
        let (pairs, report) = Corpus.prepare(Self.lines, FilterOptions(), Self.often())
        #expect(report.readCount == Self.lines.count)
        #expect(report.readCount == report.keptCount + report.droppedCount)
        #expect(report.writtenCount == pairs.count)
        let kept = pairs.filter { $0.augmentation == nil }
        #expect(kept.count == report.keptCount)
        let byPlace = Dictionary(uniqueKeysWithValues: kept.map { ($0.places[0], $0.pair) })
        for (place, pair) in byPlace {
            #expect(Self.lines[place.line - 1].source == pair.source)
            #expect(Self.lines[place.line - 1].target == pair.target)
        }
        for kind in Augmentation.allCases {
            let made = pairs.filter { $0.augmentation == kind }
            #expect(made.count == report.added[kind]?.count && !made.isEmpty, "\(kind)")
            for variant in made {
                let origins = try variant.places.map { try #require(byPlace[$0]) }
                #expect(Self.explains(origins, variant.pair, kind), "\(kind): \(variant)")
            }
        }
    }

    /// Whether a pair is what a kind makes of others.
    private static func explains(
        _ origins: [SentencePair], _ made: SentencePair, _ kind: Augmentation
    ) -> Bool {
        let source = origins.map(\.source).joined(separator: " ")
        let target = origins.map(\.target).joined(separator: " ")
        func stopped(_ text: String, _ whole: String) -> Bool {
            text == whole || text + "." == whole
        }
        switch kind {
        case .lower:
            return stopped(made.source, source.lowercased()) && stopped(made.target, target)
        case .upper:
            return stopped(made.source, source.uppercased())
                && stopped(made.target, target.uppercased())
        case .title:
            func words(_ text: String) -> [Substring] { text.split(separator: " ") }
            return stopped(made.source.lowercased(), source.lowercased())
                && stopped(made.target.lowercased(), target.lowercased())
                && words(made.source + " " + made.target).allSatisfy {
                    $0.first.map { $0.isUppercase || $0.isNumber } ?? false
                }
        case .unstopped: return made.source + "." == source && made.target + "." == target
        case .joined:
            return origins.count > 1 && made.source == source && made.target == target
                && made.source.split(separator: " ").count <= 60
        case .number, .name, .placeholder:
            let (old, new) = difference(source, made.source)
            return !new.isEmpty && made.target == target.replacing(old, with: new)
        case .copy: return origins.isEmpty && made.source == made.target
        }
    }

    /// The words of two texts that differ, in one place.
    private static func difference(_ first: String, _ second: String) -> (String, String) {
        var (old, new) = (first.split(separator: " ")[...], second.split(separator: " ")[...])
        while let one = old.first, one == new.first {
            (old, new) = (old.dropFirst(), new.dropFirst())
        }
        while let one = old.last, one == new.last { (old, new) = (old.dropLast(), new.dropLast()) }
        func text(_ words: ArraySlice<Substring>) -> String {
            let text = words.joined(separator: " ")
            return text.last.map(".!".contains) ?? false ? String(text.dropLast()) : text
        }
        return (text(old), text(new))
    }

    @Test(
        "is the same for the same seed, whatever the number of threads and the parts",
        arguments: [2, 3, 16])
    func deterministic(threads: Int) {
        let one = Corpus.prepare(Self.lines, FilterOptions(), Self.often())
        let other = Corpus.prepare(
            Self.lines, FilterOptions(), Self.often(), threads: threads, part: 97 * threads)
        #expect(one.pairs == other.pairs && one.report == other.report)
        let seeded = Corpus.prepare(Self.lines, FilterOptions(), Self.often(seed: 2))
        #expect(seeded.pairs != one.pairs)
        #expect(
            seeded.pairs.filter { $0.augmentation == nil }
                == one.pairs.filter { $0.augmentation == nil })
    }

    @Test("has nothing that is held out, not even joined from parts that are not")
    func heldOut() {
        var options = AugmentationOptions.none
        options.shares = [.joined: 1]
        options.joinOrder = .consecutive
        let lines = Corpus.lines([
            SentencePair(source: "abcd efgh.", target: "ijkl mnop."),
            SentencePair(source: "Hgfe.", target: "Ponm."),
            SentencePair(source: "Bcde.", target: "Jklm."),
        ])
        let free = Corpus.prepare(lines, FilterOptions(), options)
        #expect(free.pairs.map(\.pair.source).contains("abcd efgh. Hgfe."))
        let result = Corpus.prepare(
            lines, FilterOptions(), options, heldOut: ["Abcd efgh! Hgfe?"])
        #expect(!result.pairs.map(\.pair.source).contains("abcd efgh. Hgfe."))
        #expect(result.report.notAdded.count == 1)
    }

    @Test("joins sentences that follow one another where that is asked for, within the limit")
    func consecutive() {
        var options = AugmentationOptions.none
        options.shares = [.joined: 1]
        options.joinOrder = .consecutive
        options.joinedWords = 20
        let result = Corpus.prepare(Self.lines, FilterOptions(), options)
        let joined = result.pairs.filter { $0.augmentation == .joined }
        #expect(joined.count > 100)
        for pair in joined {
            let first = pair.places[0].line
            #expect(pair.places.map(\.line) == Array(first..<first + pair.places.count))
            #expect(pair.pair.source.split(separator: " ").count <= 20)
            #expect(pair.pair.target.split(separator: " ").count <= 20)
        }
    }

    @Test("leaves placeholders and addresses as they are when the case changes")
    func verbatim() {
        var options = AugmentationOptions.none
        options.shares = [.upper: 1]
        options.unstoppedCaseShare = 0
        let text = "abcd efgh abcd efgh %1$s ({name}) https://abc.org/a b@abc.org, stra\u{DF}e"
        let result = Corpus.prepare(
            Corpus.lines([SentencePair(source: text, target: text + " x")]), FilterOptions(),
            options)
        #expect(
            result.pairs.last?.pair.source
                == "ABCD EFGH ABCD EFGH %1$s ({name}) https://abc.org/a b@abc.org, STRASSE")
    }

    @Test("adds no copy that is like its pair, as in scripts without case")
    func caseless() {
        var options = AugmentationOptions.none
        options.shares = [.lower: 1, .upper: 1, .title: 1]
        let text = "\u{4F60}\u{597D} \u{4E16}\u{754C}"
        let pairs = [SentencePair(source: text, target: text + " " + text)]
        #expect(Corpus.prepare(Corpus.lines(pairs), FilterOptions(), options).pairs.count == 1)
    }
}
