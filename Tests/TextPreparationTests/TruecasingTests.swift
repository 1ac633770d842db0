import System
import TestSupport
import Testing

@testable import TextPreparation

/// Counts from any thread.
private final class Counter: Sendable {
    private let value = Lock(0)

    func add() { value.withLock { $0 += 1 } }

    var count: Int { value.withLock { $0 } }
}

@Suite("Truecasing", .timeLimit(.minutes(10)))
struct TruecasingTests {
    /// Usual forms by words in small letters, and by two of them.
    private static let forms = [
        "zwei": "zwei", "hunde": "Hunde", "spielen": "spielen", "im": "im", "schnee": "Schnee",
        "morgen": "morgen", "guten morgen": "Morgen", "essen": "essen", "sehr": "sehr",
        "nato": "NATO", "fuß": "Fuß", "fließt": "fließt", "bus": "Bus", "wasser": "Wasser",
        "rechnung": "Rechnung", "prüfung": "Prüfung",
    ]

    private func options(_ source: String = "de") -> PreparationOptions {
        var options = PreparationOptions(source: source, target: "en")
        options.usualForm = { word, previous in
            previous.flatMap { Self.forms["\($0) \(word)"] } ?? Self.forms[word]
        }
        options.wordScore = { -Double($0.unicodeScalars.count) }
        return options
    }

    private func prepare(_ text: String, _ source: String = "de") -> PreparedText {
        TextPreparer(options(source)).prepare(text)
    }

    @Test(
        "A sentence in small letters is translated as its words are usually written",
        arguments: [
            ("zwei hunde spielen im schnee.", "Zwei Hunde spielen im Schnee."),
            ("zwei hunde spielen im schnee", "Zwei Hunde spielen im Schnee"),
            ("guten morgen!", "Guten Morgen!"), ("bis morgen essen", "Bis morgen essen"),
            ("zwei hunde zu fuss", "Zwei Hunde zu Fuß"),
            ("die nato spielt.", "Die NATO spielt."), ("hunde, morgen", "Hunde, morgen"),
            // Of what is not known the last part may be.
            ("die abschlussprüfung", "die Abschlussprüfung"), ("trinkwasser", "Trinkwasser"),
            // A word or two are no sentence.
            ("sehr", "sehr"), ("im schnee", "im Schnee"), ("xyzzy", "xyzzy"),
            // Protected spans stay, and so do words that have a capital anywhere.
            ("siehe {hunde} im schnee.", "Siehe {hunde} im Schnee."),
            ("zwei hunde im Schnee", "zwei hunde im Schnee"),
        ])
    func small(text: String, expected: String) {
        let prepared = prepare(text)
        #expect(prepared.texts == [expected])
        #expect(prepared.inputs[0].casing == .running)
        #expect(prepared.reassemble(["Two dogs."]).text == "Two dogs.")
    }

    @Test("What the model leaves as it was comes back as it was written")
    func untouched() {
        var options = options()
        options.markup = MarkupOptions(.html)
        options.completesSentences = true
        let text = "<p>zwei hunde im schnee</p>"
        let prepared = TextPreparer(options).prepare(text)
        #expect(prepared.texts == ["Zwei Hunde im Schnee."])
        #expect(prepared.reassemble(prepared.texts).text == text)
    }

    @Test("Compounds are told by their last part only where nouns have capitals")
    func compounds() {
        #expect(
            prepare("the schoolbus and cheap tapwasser.", "en").texts.first
                == "The schoolbus and cheap tapwasser.")
        #expect(
            prepare("der schulbus und das leitungswasser.").texts.first
                == "Der schulbus und das Leitungswasser.")
    }

    @Test("I is a capital in English small letters, too")
    func capitalWords() {
        #expect(prepare("well i know it.", "en").texts == ["Well I know it."])
    }

    @Test("Capitals and titles take the usual forms before what the vocabulary knows")
    func capitals() {
        let prepared = prepare("ZWEI HUNDE SPIELEN IM SCHNEE.")
        #expect(prepared.texts == ["Zwei Hunde spielen im Schnee."])
        #expect(prepared.reassemble(["Two dogs."]).text == "TWO DOGS.")
        #expect(prepare("GUTEN MORGEN, NATO!").texts == ["Guten Morgen, NATO!"])
        let title = prepare("Zwei Hunde Spielen Sehr Im Schnee")
        #expect(title.texts == ["Zwei Hunde spielen sehr im Schnee"])
        #expect(title.reassemble(["two dogs"]).text == "Two Dogs")
    }

    @Test("ß comes back from SS, and the places behind it stay right")
    func sharpS() throws {
        let text = "ZWEI HUNDE ZU FUSS, %d IM SCHNEE, WASSER FLIESST."
        let prepared = prepare(text)
        let input = try #require(prepared.inputs.first)
        #expect(input.text == "Zwei Hunde zu Fuß, %d im Schnee, Wasser fließt.")
        #expect(input.keepsSpans("%d"))
        let bytes = Array(text.utf8)
        func source(_ word: String) throws -> String {
            let start = try #require(input.text.firstRange(of: word)).lowerBound
            let offset = input.text.utf8.distance(from: input.text.startIndex, to: start)
            let from = input.sourceOffset(of: offset)
            return String(decoding: bytes[from..<(from + word.utf8.count)], as: UTF8.self)
        }
        #expect(try source("Schnee") == "SCHNEE")
        #expect(try source("%d") == "%d")
        #expect(try source("Wasser") == "WASSER")
        #expect(input.sourceOffset(of: input.text.utf8.count) == text.utf8.count)
    }

    @Test(
        "A word of fewer letters at the end leaves none of its own behind, in text, in parts and in tags",
        arguments: [
            ("ZWEI HUNDE ZU FUSS", "Zwei Hunde zu Fuß"),
            ("ZWEI FUSS, ZWEI FUSS", "Zwei Fuß, zwei Fuß"),
            ("zwei hunde zur pru\u{308}fung", "Zwei Hunde zur Prüfung"),
        ])
    func shrunkEnd(text: String, expected: String) throws {
        let prepared = prepare(text)
        #expect(prepared.texts == [expected])
        #expect(prepared.reassemble(["so it is"]).text.lowercased() == "so it is")
        var markup = options()
        markup.markup = MarkupOptions(.html)
        markup.completesSentences = true
        let source = "<p>x <b>\(text)</b></p>".replacing("x ", with: "")
        let tagged = TextPreparer(markup).prepare(source)
        #expect(
            tagged.reassemble(["so it is."]).text.lowercased() == "<p><b>so it is</b></p>")
        let input = try #require(tagged.inputs.first)
        let end = try #require(source.firstRange(of: "</b>")).lowerBound
        #expect(
            input.sourceOffset(of: input.text.utf8.count)
                == source.utf8.distance(from: source.startIndex, to: end))
        var limited = options()
        limited.limit = LengthLimit(maximum: 12) { $0.utf8.count }
        let parts = TextPreparer(limited).prepare(text)
        #expect(
            parts.units.allSatisfy { unit in
                guard case .copied(let range) = unit else { return true }
                return Array(text.utf8)[range].allSatisfy { $0 == 0x20 }
            })
    }

    @Test(
        "A word behind a protected span does not begin the sentence, and a name keeps its small letter"
    )
    func beginnings() {
        #expect(
            prepare("https://a.example zwei hunde spielen.").texts
                == ["https://a.example zwei Hunde spielen."])
        #expect(prepare("{x} SPIELEN IM SCHNEE.").texts == ["{x} spielen im Schnee."])
        var options = options()
        options.usualForm = { word, _ in word == "iphone" ? "iPhone" : nil }
        #expect(TextPreparer(options).prepare("iphone im schnee.").texts == ["iPhone im schnee."])
    }

    @Test("A long word is no compound: the work for a word has a bound")
    func longWord() {
        let asked = Counter()
        var options = options()
        options.usualForm = { _, _ in
            asked.add()
            return nil
        }
        let word = String(repeating: "q", count: 9_000)
        #expect(TextPreparer(options).prepare("\(word) im schnee.").texts.count == 1)
        #expect(asked.count < 100)
    }

    @Test("A usual form with other letters is not taken")
    func foreignForms() {
        var options = options()
        options.usualForm = { word, _ in word == "hunde" ? "Katzen" : nil }
        #expect(
            TextPreparer(options).prepare("zwei hunde spielen.").texts == ["Zwei hunde spielen."])
    }

    @Test(
        "The most frequent form within sentences is learnt, and the one behind a word where it is another"
    )
    func learning() {
        var learner = TruecaseLearner()
        let lines =
            [
                "Guten Morgen, lieber Herr Meier.", "Ich komme morgen, wenn morgen Montag ist.",
                "Ein Haus ist ein Haus.",
            ]
        let text =
            Array(repeating: lines, count: 3).flatMap(\.self) + [
                "ALLES IN CAPITALS, ALLES.", "alles in small letters, alles",
                "Alles Hat Hier Capitals Alles",
                "Nur einmal gesehen.", "Er sagt: Gut. Er sagt: Gut.",
            ]
        for line in text { learner.countWords(of: line) }
        for line in text { learner.countPairs(of: line) }
        let learnt = Set(learner.learnt().map { "\($0.previous ?? "*") \($0.text)" })
        #expect(
            learnt == [
                "* morgen", "guten Morgen", "* lieber", "* Herr", "* Meier", "* komme", "* wenn",
                "* Montag",
                "* ist",
                "* ein", "* Haus", "* sagt",
            ])
    }
}

@Suite("Marks that sentences lack", .timeLimit(.minutes(10)))
struct SentenceMarkTests {
    private func options(_ source: String = "de", _ target: String = "en") -> PreparationOptions {
        var options = PreparationOptions(source: source, target: target)
        options.completesSentences = true
        return options
    }

    @Test(
        "A sentence without a mark at its end is translated with one, and its translation has none",
        arguments: [
            ("Zwei Hunde spielen", "Zwei Hunde spielen.", "Two dogs play.", "Two dogs play"),
            ("Wo ist der Bahnhof", "Wo ist der Bahnhof?", "Where is it?", "Where is it"),
            ("Kannst du mir helfen", "Kannst du mir helfen?", "Help me!", "Help me"),
            ("Der Hund wog 3 kg", "Der Hund wog 3 kg.", "3 kg.", "3 kg"),
            ("Das ist gut", "Das ist gut.", "Good", "Good"),
            ("Das ist gut", "Das ist gut.", "Good...", "Good..."),
            ("Das ist gut", "Das ist gut.", "Fish etc.", "Fish etc."),
            ("Das ist gut", "Das ist gut.", "The U.S.", "The U.S."),
            ("Das ist gut", "Das ist gut.", "Modern art.", "Modern art"),
            ("Das ist gut", "Das ist gut.", "It is no.", "It is no"),
            ("Das ist gut", "Das ist gut.", ".", "."),
            ("Das ist gut\nWo ist er", "Das ist gut.|Wo ist er?", "A.|B?", "A\nB"),
        ])
    func completed(text: String, inputs: String, outputs: String, expected: String) {
        let prepared = TextPreparer(options()).prepare(text)
        #expect(prepared.texts.joined(separator: "|") == inputs)
        #expect(
            prepared.reassemble(outputs.split(separator: "|").map(String.init)).text == expected)
    }

    @Test(
        "What has a mark, is a word or two, or ends with a span or a bracket stays as it is",
        arguments: [
            "Zwei Hunde spielen.", "Zwei Hunde spielen!", "Wer ist das?", "Zwei Hunde",
            "Und dann …",
            "Siehe auch hier:", "Alles über {name}", "Ein Bild (von hinten)",
            "„Ein Bild von hinten“",
        ])
    func kept(text: String) {
        let prepared = TextPreparer(options()).prepare(text)
        #expect(prepared.texts == [text])
        #expect(prepared.reassemble(["So it is."]).text == "So it is.")
    }

    @Test("Nothing is completed in a language without blanks, nor unless it is asked for")
    func others() {
        #expect(TextPreparer(options("ja")).prepare("犬 が 雪 で 遊ぶ").texts == ["犬 が 雪 で 遊ぶ"])
        let plain = TextPreparer(PreparationOptions(source: "de", target: "en"))
        #expect(plain.prepare("Zwei Hunde spielen").texts == ["Zwei Hunde spielen"])
    }

    @Test("French and English know their questions")
    func languages() {
        #expect(
            TextPreparer(options("fr")).prepare("Est-ce que tu viens").texts == [
                "Est-ce que tu viens?"
            ])
        #expect(
            TextPreparer(options("en")).prepare("Where’s the dog").texts == ["Where’s the dog?"])
        #expect(TextPreparer(options("xx")).prepare("Where is it").texts == ["Where is it."])
    }

    @Test(
        "A sentence that a mark would make too long is not completed, and of parts only the last is"
    )
    func long() {
        var options = options()
        options.limit = LengthLimit(maximum: 19) { $0.utf8.count }
        let preparer = TextPreparer(options)
        #expect(preparer.prepare("Zwei Hunde spielten").texts == ["Zwei Hunde spielten"])
        #expect(preparer.prepare("Zwei Hunde spielen").texts == ["Zwei Hunde spielen."])
        let parts = preparer.prepare("Zwei Hunde spielen heute, aber drei nicht").texts
        #expect(parts.count > 1 && parts.joined(separator: " ").count(where: { $0 == "." }) == 1)
        #expect(parts.last?.hasSuffix("nicht.") == true)
    }

    @Test("A mark that belongs to a protected span stays")
    func spans() {
        var options = options()
        options.protectedTerms = ["Acme Inc."]
        let prepared = TextPreparer(options).prepare("Die Acme Inc. ist sehr groß")
        #expect(prepared.texts == ["Die Acme Inc. ist sehr groß."])
        #expect(prepared.reassemble(["How big is Acme Inc."]).text == "How big is Acme Inc.")
        #expect(prepared.reassemble(["Acme Inc. is big."]).text == "Acme Inc. is big")
    }

    @Test("Tags around the last words stay around them, and alignments point into the text")
    func markup() throws {
        var options = options()
        options.markup = MarkupOptions(.html)
        let prepared = TextPreparer(options).prepare("Zwei <b>Hunde spielen</b>")
        let input = try #require(prepared.inputs.first)
        #expect(input.text == "Zwei Hunde spielen.")
        let translation = InputTranslation(
            "Two dogs play.",
            alignment: [
                AlignedSpan(target: 0..<3, source: 0..<4),
                AlignedSpan(target: 3..<8, source: 5..<10),
                AlignedSpan(target: 8..<13, source: 11..<18),
                AlignedSpan(target: 13..<14, source: 18..<19),
            ])
        #expect(prepared.reassemble([translation]).text == "Two <b>dogs play</b>")
        #expect(input.sourceOffset(of: 19) <= prepared.source.utf8.count)
    }
}
