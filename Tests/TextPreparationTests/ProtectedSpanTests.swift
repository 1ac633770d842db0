import Testing
import TextPreparation

@Suite("Protected spans", .timeLimit(.minutes(10)))
struct ProtectedSpanTests {
    private func spans(_ text: String, _ change: (inout PreparationOptions) -> Void = { _ in })
        -> [String]
    {
        var options = PreparationOptions(source: "de", target: "en")
        change(&options)
        let bytes = Array(text.utf8)
        return TextPreparer(options).prepare(text).inputs.flatMap(\.spans)
            .map { String(decoding: bytes[$0.source], as: UTF8.self) }
    }

    @Test(
        "What must not change is found, with its ends",
        arguments: [
            "https://example.org/a?b=c", "http://a.b/c_(d)", "ftp://x.example", "www.example.org",
            "example.org", "sub.example.co.uk/path#x", "info@example.org", "a.b+c@d-e.example.com",
            "%s", "%1$s", "%d", "%.2f", "%-5d", "%@", "%(name)s", "%lld", "%1", "{name}", "{0}",
            "{}",
            "{0:.2f}", "{{name}}", "{{ user.name }}", "${x}", "${a b}", "#{x}", "%{count}", "<x/>",
            "<b>", "</b>", "<x id=\"1\"/>", "<!-- x -->", ":smile:", ":+1:", "🐶", "👩‍👩‍👧", "🇩🇪",
            "1️⃣", "👍🏽", "❤️", "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}", "`x = 1`",
            "``a`b``", "5 km", "3,50 €", "25°C", "-5 °C", "1.000 kg", "50 %", "100%", "US$ 5", "€3",
            "16 GB", "5 кг", "80 km/h", "20 m²",
        ])
    func found(span: String) {
        #expect(spans("Ein Hund \(span) spielt.") == [span])
        #expect(spans("Ein Hund spielt mit \(span), oder?") == [span])
        #expect(spans("Nimm (\(span))!") == [span])
    }

    @Test(
        "What only looks like it is translated",
        arguments: [
            "Um 10:30:45 Uhr", "a:b:c", "100%ige Sicherheit", "100% sicher", "a < b und c > d",
            "{Der Hund spielt}", "Es kam.Dann ging er", "ein@zeichen", "3 A", "Nr. 5", "gut.es war",
            "A © B", "x {", "die Zeit: 5", "Herr : Frau",
        ])
    func notFound(text: String) {
        #expect(spans(text).filter { $0 != "100%" } == [])
    }

    @Test("Of spans that overlap the longest stays")
    func longest() {
        #expect(spans("Sieh `a@b.example` und `5 km` an.") == ["`a@b.example`", "`5 km`"])
        #expect(
            spans("Sieh <a href=\"https://a.example\"> an.") == ["<a href=\"https://a.example\">"])
        #expect(
            spans("Der Alte Markt liegt dort.") { $0.protectedTerms = ["Alte", "Alte Markt"] } == [
                "Alte Markt"
            ])
    }

    @Test("What the request marks is protected, as whole words or by its place")
    func marked() {
        let text = "Der Halter hält den Halterung-Halter."
        #expect(spans(text) { $0.protectedTerms = ["Halter", ""] } == ["Halter", "Halter"])
        let prepared = TextPreparer(PreparationOptions(source: "de"))
            .prepare(text, marked: [4..<10, 30..<1000, 2..<2])
        #expect(prepared.inputs[0].spans.map(\.source) == [4..<10, 30..<text.utf8.count])
    }

    @Test("A sentence does not end within a span, but after it")
    func sentences() {
        let prepared = TextPreparer(PreparationOptions(source: "en")).prepare(
            "See https://a.example/b.C?d. It uses `x. Y` well. Mail a.B@c.example! Ok, {a. B}. So.")
        #expect(
            prepared.inputs.map(\.text) == [
                "See https://a.example/b.C?d.", "It uses `x. Y` well.", "Mail a.B@c.example!",
                "Ok, {a. B}.", "So.",
            ])
    }

    @Test("Tags stay with the words that they enclose")
    func tags() {
        let prepared = TextPreparer(PreparationOptions(source: "de")).prepare(
            "Ein <b>Hund.</b> <i>Zwei</i> Hunde.")
        #expect(prepared.inputs.map(\.text) == ["Ein <b>Hund.</b>", "<i>Zwei</i> Hunde."])
    }

    @Test("A translation that lost, changed or repeated a span is told apart")
    func audit() {
        let input = TextPreparer(PreparationOptions(source: "de")).prepare(
            "Nimm %1$s und 5 km, nicht {x}."
        ).inputs[0]
        #expect(input.keepsSpans("Take %1$s and 5 km, not {x}."))
        #expect(input.keepsSpans("{x} 5 km %1$s"))
        #expect(!input.keepsSpans("Take %1$s and 5 km."))
        #expect(!input.keepsSpans("Take %1$s and 15 km, not {x}."))
        #expect(!input.keepsSpans("Take %1$s and 5 km, not {x} {x}."))
        #expect(!input.keepsSpans("Take %1s and 5 km, not {x}."))
    }

    @Test("Around its spans an input is translated in parts")
    func parts() {
        let input = TextPreparer(PreparationOptions(source: "de")).prepare(
            "Ein Hund (%1$s) läuft 5 km, {x}!"
        ).inputs[0]
        #expect(
            input.parts == [
                .translated("Ein Hund"), .copied(" ("), .copied("%1$s"), .copied(") "),
                .translated("läuft"), .copied(" "), .copied("5 km"), .copied(", "), .copied("{x}"),
                .copied("!"),
            ])
        let joined = input.join([InputTranslation("A dog"), InputTranslation("runs")])
        #expect(joined.text == "A dog (%1$s) runs 5 km, {x}!")
        #expect(joined.alignment.isEmpty)
        #expect(input.keepsSpans(joined.text))
    }

    @Test("A span that the model changed is put in the place of what was made from it")
    func repaired() throws {
        let input = TextPreparer(PreparationOptions(source: "de")).prepare(
            "Nimm %1$s und {x} für 5 km."
        ).inputs[0]
        let changed = AlignedWords.translation(
            "Take=Nimm 111=%1$s ssss=%1$s and=und {x}={x} for=für 15=5 km=km +.=.", of: input.text)
        #expect(!input.keepsSpans(changed.text))
        let repaired = try #require(input.repaired(changed))
        #expect(repaired.text == "Take %1$s and {x} for 5 km.")
        let (source, target) = (Array(input.text.utf8), Array(repaired.text.utf8))
        let pairs = repaired.alignment.map { pair in
            [target[pair.target], source[pair.source]].map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(
            pairs == [
                ["Take", "Nimm"], ["%1$s", "%1$s"], ["and", "und"], ["{x}", "{x}"], ["for", "für"],
                ["5 km", "5 km"], [".", "."],
            ])
    }

    @Test("Where the alignment does not say where a span was, nothing is repaired")
    func notRepaired() {
        let input = TextPreparer(PreparationOptions(source: "de")).prepare("Nimm %1$s mit.").inputs[
            0]
        for notation in [
            "Take it", "Take=Nimm it=mit", "Take=Nimm 11=%1$s +it", "%1$s=%1$s %1$s=%1$s",
        ] {
            let translation = AlignedWords.translation(notation, of: input.text)
            #expect(input.repaired(translation) == nil, "\(notation)")
        }
    }

    @Test("The alignments of parts are moved to their places, and spans are aligned to themselves")
    func alignedParts() {
        let input = TextPreparer(PreparationOptions(source: "de")).prepare("Ein Hund {x} läuft.")
            .inputs[0]
        let joined = input.join([
            InputTranslation("Dog", alignment: [AlignedSpan(target: 0..<3, source: 4..<8)]),
            InputTranslation("runs.", alignment: [AlignedSpan(target: 0..<4, source: 0..<6)]),
        ])
        #expect(joined.text == "Dog {x} runs.")
        let (source, target) = (Array(input.text.utf8), Array(joined.text.utf8))
        let pairs = joined.alignment.map { pair in
            [target[pair.target], source[pair.source]].map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(
            pairs == [
                ["Dog", "Hund"], [" ", " "], ["{x}", "{x}"], [" ", " "], ["runs", "läuft"],
            ])
    }

    @Test("Terms are found in one pass, the longest whole words at each place")
    func terms() {
        let matcher = TermMatcher(["he", "she", "hers", "his", "京都"], ignoresCase: true)
        let text = "She saw HERS, his; ushers he. 東京都"
        let scalars = Array(text.unicodeScalars)
        let found = matcher.matches(in: scalars).map {
            String(String.UnicodeScalarView(scalars[$0.range]))
        }
        #expect(found == ["She", "HERS", "his", "he", "京都"])
    }
}

@Suite("Case", .timeLimit(.minutes(10)))
struct CasingTests {
    private static let vocabulary: Set = [
        "Zwei", "zwei", "Hunde", "spielen", "im", "Schnee", "NATO", "die", "Die", "tagt", "in",
        "Berlin", "fröhlich",
    ]

    private func prepare(_ text: String, hasVocabulary: Bool = true) -> PreparedText {
        var options = PreparationOptions(source: "de", target: "en")
        if hasVocabulary {
            options.wordScore = { Self.vocabulary.contains($0) ? 0 : -Double($0.count) }
        }
        return TextPreparer(options).prepare(text)
    }

    @Test(
        "Capitals are translated as running text, nouns as the vocabulary knows them, and come back"
    )
    func capitals() {
        let prepared = prepare("ZWEI HUNDE SPIELEN IM SCHNEE MIT %d!")
        #expect(prepared.texts == ["Zwei Hunde spielen im Schnee mit %d!"])
        #expect(
            prepared.reassemble(["Two dogs play in the snow with %d!"]).text
                == "TWO DOGS PLAY IN THE SNOW WITH %d!")
        #expect(prepare("DIE NATO TAGT.").texts == ["Die NATO tagt."])
        #expect(prepare("ZWEI HUNDE.", hasVocabulary: false).texts == ["Zwei hunde."])
    }

    @Test("A title is translated as running text and gets its capitals again")
    func titles() {
        let prepared = prepare("Zwei Hunde Spielen Fröhlich im Schnee")
        #expect(prepared.texts == ["Zwei Hunde spielen fröhlich im Schnee"])
        #expect(
            prepared.reassemble(["Two dogs play happily in the snow"]).text
                == "Two Dogs Play Happily in the Snow")
        // One capital too many is no title yet: nouns have theirs in any case.
        #expect(prepare("Zwei Hunde Spielen im Schnee").texts == ["Zwei Hunde Spielen im Schnee"])
    }

    @Test(
        "Abbreviations, names and running text stay",
        arguments: ["NATO", "USA!", "Die NATO tagt in Berlin.", "A", "Zwei Hunde", "HTTP 404"])
    func kept(text: String) {
        let prepared = prepare(text)
        #expect(prepared.texts == [text])
        #expect(prepared.inputs[0].casing == .running)
    }

    @Test("Turkish letters keep their dots")
    func turkish() {
        var options = PreparationOptions(source: "tr", target: "tr")
        options.wordScore = { -Double($0.count) }
        let prepared = TextPreparer(options).prepare("İYİ IŞIK VAR")
        #expect(prepared.texts == ["İyi ışık var"])
        #expect(prepared.reassemble(prepared.texts).text == "İYİ IŞIK VAR")
    }
}
