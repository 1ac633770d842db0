import Checkpoint
import Decoding
import System
import Telemetry
import TestSupport
import Testing
import TextPreparation
import TranslationService

@Suite("Texts of several sentences", .timeLimit(.minutes(10)))
struct TextTests {
    private static let sentences = [
        "Ein Mann liest ein Buch.", "Zwei Hunde spielen im Schnee.", "Eine Frau kocht Suppe.",
        "Ein Kind lacht.",
    ]

    private let worker: SharedWorker

    init() throws { worker = try SharedWorker(maximumSequences: 8) }

    private func translate(
        _ texts: [String], change: (inout TranslationRequest) -> Void = { _ in }
    ) throws -> TranslationResult {
        var request = worker.request(texts: 1)
        request.texts = texts
        request.preparation = TextOptions()
        change(&request)
        let record = Record()
        let result = Lock<Result<TranslationResult, TranslationError>?>(nil)
        _ = worker.service.submit(request) { answer in
            result.withLock { $0 = answer }
            record.add("done")
        }
        _ = record.entries(1)
        return try #require(result.withLock { $0 }).get()
    }

    private func texts(_ result: TranslationResult) -> [String] {
        result.translations.map { $0.outputs[0].text }
    }

    @Test("A text is translated as its sentences are, with what parts them as it was")
    func joined() throws {
        let single = texts(try translate(Self.sentences))
        for separator in [" ", "\n", "\n\n", "\r\n", "\n- ", "\t", "\u{2029}", "  \n\t* "] {
            let text = "  " + Self.sentences.joined(separator: separator) + "\n"
            let joined = texts(try translate([text]))[0]
            #expect(joined == "  " + single.joined(separator: separator) + "\n")
        }
        worker.service.stop()
    }

    @Test("A text's sentences say where they are, which tokens are theirs, and what they cost")
    func sentences() throws {
        let text = "Café: " + Self.sentences.joined(separator: " ")
        let translation = try translate([text]).translations[0]
        let best = translation.outputs[0]
        let source = Array(text.utf8)
        let target = Array(best.text.utf8)
        #expect(translation.sentences.count == Self.sentences.count)
        let alone = texts(try translate(Array(Self.sentences.dropFirst())))
        for (sentence, words) in zip(translation.sentences, Self.sentences).dropFirst() {
            #expect(String(decoding: source[sentence.source], as: UTF8.self) == words)
        }
        for (sentence, words) in zip(translation.sentences.dropFirst(), alone) {
            #expect(String(decoding: target[sentence.target], as: UTF8.self) == words)
        }
        var place = 0
        var sum = ComputeRecord(
            policy: .full, decoderLayers: translation.compute.decoderLayers)
        for sentence in translation.sentences {
            #expect(sentence.tokens.lowerBound == place)
            place = sentence.tokens.upperBound
            sum += sentence.compute
        }
        #expect(place == best.hypothesis.tokens.count && place == best.pieces.count)
        #expect(sum == translation.compute)
        #expect(
            translation.sentences.reduce(0) { $0 + $1.sourceTokens } == translation.sourceTokens)
        worker.service.stop()
    }

    @Test("What one request says of its texts changes nothing for those after it")
    func independence() throws {
        let text = "Ein Mann liest\nein Buch. Zwei <b>Hunde</b> spielen im Schnee."
        let changes: [(inout TextOptions) -> Void] = [
            { _ in }, { $0.splitsSentences = false }, { $0.lineBreaks = .blanks },
            { $0.protectedTerms = ["Hunde"] }, { $0.markup = MarkupOptions(.html) },
        ]
        func translation(_ change: (inout TextOptions) -> Void, in test: Self) throws -> String {
            var options = TextOptions()
            change(&options)
            let result = try test.translate([text]) { $0.preparation = options }
            return "\(texts(result)) \(result.translations[0].sentences.map(\.source))"
        }
        let alone = try changes.map { change in
            let fresh = try Self()
            defer { fresh.worker.service.stop() }
            return try translation(change, in: fresh)
        }
        #expect(Set(alone).count == changes.count)
        for index in [0, 1, 0, 2, 0, 3, 0, 4, 1, 2, 3, 2, 1, 0] {
            #expect(try translation(changes[index], in: self) == alone[index])
        }
        worker.service.stop()
    }

    @Test(
        "What has no words is copied and costs nothing",
        arguments: ["", " ", "12345", "3,50 €", "2026-11-24", "...", "😀", "-", "%1$s", "\r\n\t"])
    func copied(text: String) throws {
        let translation = try translate([text]).translations[0]
        #expect(translation.outputs[0].text == text)
        #expect(translation.sentences.isEmpty && translation.sourceTokens == 0)
        let none = ComputeRecord(
            policy: .full, decoderLayers: translation.compute.decoderLayers)
        #expect(translation.compute == none)
        worker.service.stop()
    }

    @Test("What is protected comes out once and unchanged, whatever the model does with it")
    func protected() throws {
        var random = SplitMix64(seed: 7)
        let spans = [
            "%1$s", "{name}", "{{count}}", "${HOME}", "https://example.org/a?b=c#d",
            "info@example.org", ":smile:", "🐶", "👩‍👩‍👧", "`let x = 1`", "XQ-17/b", "<br/>",
        ]
        let words = "Ein Mann und eine Frau gehen mit Hunden über die alte Straße im Schnee"
            .split(separator: " ").map(String.init)
        var texts: [String] = []
        var used: [[String]] = []
        for _ in 0..<150 {
            var sentence = words
            var own: [String] = []
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let span = spans[Int.random(in: spans.indices, using: &random)]
                guard !own.contains(span) else { continue }
                own.append(span)
                sentence.insert(
                    span, at: Int.random(in: 1..<sentence.count, using: &random))
            }
            texts.append(sentence.joined(separator: " ") + ".")
            used.append(own)
        }
        let result = try translate(texts) { $0.preparation?.protectedTerms = ["XQ-17/b"] }
        for (text, own) in zip(self.texts(result), used) {
            for span in own { #expect(text.components(of: span) == 1, "\(span) in \(text)") }
        }
        worker.service.stop()
    }

    @Test("An attempt that lost a span is counted among the operations, not among the tokens")
    func lostSpan() throws {
        let translation = try translate(["Ein Hund spielt mit XQXQ im Schnee."]) {
            $0.preparation?.protectedTerms = ["XQXQ"]
        }.translations[0]
        #expect(translation.outputs[0].text.components(of: "XQXQ") == 1)
        #expect(translation.sentences.count == 1)
        let tokens = translation.outputs[0].hypothesis.tokens.count
        #expect(translation.compute.targetTokens == tokens)
        worker.service.stop()
    }

    @Test("A sentence with more tokens than the model takes is parted, not refused and not cut")
    func long() throws {
        let text = Array(repeating: "ein Hund spielt im Schnee", count: 80).joined(separator: ", ")
        let translation = try translate([text]).translations[0]
        #expect(translation.sentences.count == 1)
        #expect(translation.sourceTokens > 400)
        #expect(translation.outputs[0].text.components(of: "snow") >= 60)
        let short = try translate([text]) { $0.maximumSourceTokens = 20 }.translations[0]
        #expect(short.outputs[0].text.components(of: "snow") >= 70)
        worker.service.stop()
    }

    @Test(
        "A sentence longer than the model or the request takes is parted once where two parts do",
        arguments: [
            (14, "Ein Mann liest ein Buch in der Küche,", "eine Frau isst einen Apfel im Garten."),
            (
                256,
                "Ein Mann in einem roten Hemd liest seinem kleinen Kind ein Buch aus der Bücherei vor,",
                "eine Frau in einem blauen Kleid isst einen Apfel im Garten hinter dem großen alten Haus am See."
            ),
        ])
    func parts(limit: Int, first: String, second: String) throws {
        let whole = try translate([first + " " + second]) { $0.maximumSourceTokens = limit }
        let parts = try translate([first, second]) { $0.preparation = nil }
        #expect(texts(whole) == [texts(parts).joined(separator: " ")])
        worker.service.stop()
    }

    @Test("A word longer than the model takes is parted, too, and one that cannot be is copied")
    func longWord() throws {
        let word = String(repeating: "Schnee", count: 200)
        let result = try translate([word, "https://example.org/" + word + " ist da."])
        #expect(!texts(result)[0].isEmpty)
        #expect(texts(result)[1].contains("https://example.org/" + word))
        worker.service.stop()
    }

    @Test("A beam's alternatives of a text are those of its sentences")
    func alternatives() throws {
        func beam(_ texts: [String]) throws -> [Translation] {
            try translate(texts) {
                $0.options.beamSize = 3
                $0.options.hypothesisCount = 3
            }.translations
        }
        let single = try beam(Self.sentences)
        let joined = try beam([Self.sentences.joined(separator: " ")])[0]
        #expect(joined.outputs.count == 3)
        for rank in 0..<3 {
            #expect(
                joined.outputs[rank].text
                    == single.map { $0.outputs[rank].text }.joined(separator: " "))
        }
        worker.service.stop()
    }

    @Test("A text of many sentences lets a short one go before its end")
    func turns() throws {
        let record = Record()
        var long = worker.request(texts: 1)
        long.preparation = TextOptions()
        long.texts = [Array(repeating: Self.sentences[1], count: 100).joined(separator: "\n")]
        let request = long
        _ = worker.service.submit(worker.request(texts: 1)) { [worker] _ in
            _ = worker.service.submit(request) { _ in record.add("long") }
            _ = worker.service.submit(worker.request(texts: 1)) { _ in record.add("short") }
        }
        #expect(record.entries(2) == ["short", "long"])
        worker.service.stop()
    }

    @Test("Tokens are reported where they are the text, sentences always")
    func events() throws {
        let events = Lock<[TranslationEvent]>([])
        let record = Record()
        var request = worker.request(texts: 1)
        request.preparation = TextOptions()
        request.preparation?.protectedTerms = ["XQXQ"]
        request.texts = ["Ein Kind lacht. Ein Hund spielt mit XQXQ. ZWEI HUNDE SPIELEN IM SCHNEE."]
        let result = Lock<Translation?>(nil)
        _ = worker.service.submit(
            request, progress: { event in events.withLock { $0.append(event) } },
            completion: { answer in
                result.withLock { $0 = try? answer.get().translations[0] }
                record.add("done")
            })
        _ = record.entries(1)
        let translation = try #require(result.withLock { $0 })
        let target = Array(translation.outputs[0].text.utf8)
        var tokens = ""
        var sentences: [Int: String] = [:]
        for event in events.withLock({ $0 }) {
            switch event {
            case .token(let token):
                #expect(token.sentence == 0)
                tokens += token.text
            case .sentence(let sentence): sentences[sentence.sentence] = sentence.text
            }
        }
        #expect(sentences.count == 3)
        for (index, sentence) in translation.sentences.enumerated() {
            #expect(
                sentences[index] == String(decoding: target[sentence.target], as: UTF8.self))
        }
        #expect(tokens == sentences[0])
        worker.service.stop()
    }

    @Test("A text gives the same with any number of workers and of places in a batch")
    func reproducible() throws {
        let text = Self.sentences.joined(separator: " ") + "\n\nInfo: {name} – ZWEI HUNDE!\n"
        let first = try translate([text]).translations[0]
        worker.service.stop()
        for (places, workers) in [(1, 1), (3, 2), (32, 2)] {
            let other = try SharedWorker(maximumSequences: places, workers: workers)
            var request = other.request(texts: 1)
            request.texts = [text, text]
            request.preparation = TextOptions()
            let record = Record()
            let seen = Lock<[Translation]>([])
            _ = other.service.submit(request) { answer in
                seen.withLock { $0 = (try? answer.get().translations) ?? [] }
                record.add("done")
            }
            _ = record.entries(1)
            for translation in seen.withLock({ $0 }) {
                #expect(translation.outputs[0].text == first.outputs[0].text)
                #expect(translation.outputs[0].hypothesis == first.outputs[0].hypothesis)
                #expect(translation.compute == first.compute)
            }
            other.service.stop()
        }
    }

    @Test("A token says which part of the text it was made from, in parts around a span, too")
    func sources() throws {
        let text = "  Zwei Hunde spielen. Ein Kind mit {name} lacht."
        let plain = try translate([text]).translations[0]
        let aligned = try translate([text]) { $0.options.aligns = true }.translations[0]
        #expect(plain.outputs[0].sources == nil)
        #expect(plain.outputs[0].text == aligned.outputs[0].text)
        let output = aligned.outputs[0]
        let sources = try #require(output.sources)
        #expect(sources.count == output.hypothesis.tokens.count)
        let bytes = Array(text.utf8)
        for (sentence, words) in zip(aligned.sentences, [["Hunde", "dogs"], ["Kind", "child"]]) {
            for index in sentence.tokens {
                let place = sources[index]
                #expect(place.lowerBound >= sentence.source.lowerBound)
                #expect(place.upperBound <= sentence.source.upperBound)
                guard output.pieces[index] == "▁" + words[1] else { continue }
                #expect(String(decoding: bytes[place], as: UTF8.self) == words[0])
            }
        }
        worker.service.stop()
    }

    @Test("HTML keeps its tags, around what their words became")
    func html() throws {
        let html = "<p>Zwei <b>Hunde</b> spielen im Schnee.</p>\n<ul><li>Ein Kind lacht.</li></ul>"
        let result = try translate([html, Self.sentences[1], Self.sentences[3]]) {
            $0.preparation?.markup = MarkupOptions(.html)
            $0.options.aligns = true
        }
        let texts = texts(result)
        let bold = texts[1].replacing("dogs", with: "<b>dogs</b>")
        #expect(texts[0] == "<p>\(bold)</p>\n<ul><li>\(texts[2])</li></ul>")
        worker.service.stop()
    }

    @Test("A deadline ends a text of which sentences are still to come")
    func deadline() throws {
        let slow = try SharedWorker(maximumSequences: 1, secondsPerLook: 1)
        var request = slow.request(texts: 1)
        request.preparation = TextOptions()
        request.texts = [Array(repeating: Self.sentences[1], count: 200).joined(separator: " ")]
        request.timeout = 50
        let record = Record()
        _ = slow.service.submit(request) { answer in
            if case .failure(.deadlineExceeded) = answer {
                record.add("late")
            } else {
                record.add("other")
            }
        }
        #expect(record.entries(1) == ["late"])
        slow.service.stop()
    }
}

extension String {
    /// How often a text stands in it.
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
