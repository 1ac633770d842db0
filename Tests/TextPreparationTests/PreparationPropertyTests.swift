import TestSupport
import Testing
import TextPreparation

/// Texts made up of random scalars, and of parts that mean something here.
private struct TextGenerator {
    var random: SeededGenerator

    private static let parts = [
        "Hello", "world", "Dr", "z. B", "a", "I", "U.S", ".", ".", "!", "?", "…", " ", " ", "\n",
        "\r\n", "\u{85}", "\u{2028}", "\u{B}", "\t", "\u{A0}", "\u{AD}", "\u{200B}", "\u{200D}",
        "\u{202E}", "\u{FEFF}", "(", ")", "[", "«", "»", "„", "“", "\"", "'", "「", "」", "。", "！",
        "これは", "中文", "😀", "👩‍👩‍👧", "🇩🇪", "1️⃣", "12", "3,50", "€", "km", "%", "%1$s", "{name}", "{{", "}}",
        "${x}", "<b>", "</b>", "<", "`", "``", "https://a.example/b", "www.x.org", "a@b.example",
        "@",
        ":", ":smile:", "//", "- ", "1. ", "a) ", "• ", "> ", "März", "3", "ß", "İ", "GROSS",
        "cafe\u{301}",
        "Titel",
        "\u{301}", "ا", "؟", "\u{0}", "\u{1F1E6}", "\u{E0061}", ";", ",", "–",
    ]
    private static let languages: [String?] = [
        nil, "ar", "cs", "de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "tr", "uk",
        "zh",
    ]

    mutating func text() -> String {
        var text = String.UnicodeScalarView()
        let isRandom = random.below(3) == 0
        for _ in 0..<random.below(16) {
            guard isRandom else {
                text += Self.parts[random.below(Self.parts.count)].unicodeScalars
                continue
            }
            let bound = [0x80, 0x3100, 0x11_0000][random.below(3)]
            if let scalar = Unicode.Scalar(UInt32(random.below(bound))) { text.append(scalar) }
        }
        return String(text)
    }

    mutating func options() -> PreparationOptions {
        var options = PreparationOptions(
            source: Self.languages[random.below(Self.languages.count)],
            target: Self.languages[random.below(Self.languages.count)])
        if random.below(3) == 0 { options.lineBreaks = .blanks }
        if random.below(4) == 0 {
            options.limit = LengthLimit(maximum: 1 + random.below(12)) { $0.utf8.count }
        }
        if random.below(3) == 0 { options.wordScore = { Double($0.utf8.last ?? 0) } }
        if random.below(3) == 0 {
            options.usualForm = { word, previous in
                if previous == "world" { return word.uppercased() }
                if word.contains("ß") || word.contains("e\u{301}") {
                    return word.replacing("e\u{301}", with: "é")
                }
                return word.count % 2 == 0 ? word.prefix(1).uppercased() + word.dropFirst() : nil
            }
        }
        options.completesSentences = random.below(3) == 0
        if random.below(6) == 0 { options.protectedTerms = ["Hello", "world a", "。", "1"] }
        return options
    }
}

@Suite("Properties of preparation", .timeLimit(.minutes(10)))
struct PreparationPropertyTests {
    /// What is wrong with a text taken apart; nil if nothing is.
    private func fault(_ prepared: PreparedText) -> String? {
        var place = 0
        var next = 0
        for unit in prepared.units {
            let range: Range<Int>
            switch unit {
            case .copied(let copied): range = copied
            case .input(let index):
                guard index == next else { return "inputs out of order" }
                range = prepared.inputs[index].source
                next += 1
            }
            guard range.lowerBound == place, !range.isEmpty else { return "units do not join" }
            place = range.upperBound
        }
        guard place == prepared.source.utf8.count, next == prepared.inputs.count else {
            return "something is missing"
        }
        return prepared.inputs.lazy.compactMap(inputFault).first
    }

    private func inputFault(_ input: ModelInput) -> String? {
        for offset in 0...input.text.utf8.count
        where !(input.source.lowerBound...input.source.upperBound).contains(
            input.sourceOffset(of: offset))
        {
            return "a place is beyond the source"
        }
        guard !input.text.isEmpty, input.keepsSpans(input.text) else { return "spans are lost" }
        guard input.parts.map(\.text).joined() == input.text else { return "parts do not join" }
        var place = 0
        for span in input.spans {
            guard span.range.lowerBound >= place, !span.range.isEmpty else {
                return "spans overlap"
            }
            place = span.range.upperBound
        }
        return place <= input.text.utf8.count ? nil : "a span is beyond the text"
    }

    private func sentencesJoin(_ text: String, _ segmenter: SentenceSegmenter) -> Bool {
        var place = 0
        for range in segmenter.sentences(of: text) {
            guard range.lowerBound == place, !range.isEmpty else { return false }
            place = range.upperBound
        }
        return place == text.utf8.count
    }

    @Test("The parts of any text join to it, in order, and its sentences do", arguments: 0..<4)
    func anyText(seed: Int) {
        var generator = TextGenerator(random: SeededGenerator(seed: UInt64(2900 + seed)))
        for _ in 0..<25_000 {
            let text = generator.text()
            let options = generator.options()
            let prepared = TextPreparer(options).prepare(text)
            if let fault = fault(prepared) {
                Issue.record("\(fault): \(text.debugDescription)")
                return
            }
            let segmenter = SentenceSegmenter(
                language: options.source, lineBreaks: options.lineBreaks)
            if !sentencesJoin(text, segmenter) {
                Issue.record("sentences do not join: \(text.debugDescription)")
                return
            }
        }
    }

    @Test("Mutated bytes of real texts join again")
    func mutatedTexts() throws {
        var random = SeededGenerator(seed: 29)
        let options = PreparationOptions(source: "de", target: "en")
        for rule in try RuleCase.all() where rule.text.utf8.count < 400 {
            var bytes = Array(rule.text.utf8)
            for _ in 0..<20 {
                random.mutate(&bytes)
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(fault(TextPreparer(options).prepare(text)) == nil)
            }
        }
    }

    @Test("Texts that are translated to themselves come back, twice the same")
    func identity() throws {
        for rule in try RuleCase.all() {
            var options = PreparationOptions(source: rule.language, target: "zh")
            options.protectedKinds = []
            let preparer = TextPreparer(options)
            let once = preparer.prepare(rule.text)
            let text = once.reassemble(once.texts).text
            let twice = preparer.prepare(text)
            #expect(twice.texts == once.texts)
            #expect(twice.reassemble(twice.texts).text == text)
            if !rule.text.unicodeScalars.contains(where: {
                $0.properties.generalCategory == .format
            }) {
                #expect(text == rule.text)
            }
        }
    }

    /// Ten times the text in far less than a hundred times the work, counted by calls of the length function.
    @Test("Long sentences are measured in proportion to their length")
    func measures() {
        func units(_ count: Int) -> Int {
            let counter = Counter()
            var options = PreparationOptions(source: "de")
            options.limit = LengthLimit(maximum: 40) {
                counter.add($0.utf8.count)
                return $0.utf8.count
            }
            _ = TextPreparer(options).prepare(
                String(repeating: "wort und noch eins, ", count: count))
            return counter.sum
        }
        #expect(units(2000) < 15 * units(200))
    }
}

/// A sum that a closure counts up, used by one thread.
private final class Counter: @unchecked Sendable {
    private(set) var sum = 0

    func add(_ value: Int) { sum += value }
}
