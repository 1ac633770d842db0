import Testing
import TextPreparation

extension PreparedText {
    /// The texts of the inputs.
    var texts: [String] { inputs.map(\.text) }
}

@Suite("Preparation of texts", .timeLimit(.minutes(10)))
struct PreparationTests {
    private let german = PreparationOptions(source: "de", target: "en")

    private func prepare(_ text: String, _ change: (inout PreparationOptions) -> Void = { _ in })
        -> PreparedText
    {
        var options = german
        change(&options)
        return TextPreparer(options).prepare(text)
    }

    @Test(
        "Separators come back byte for byte",
        arguments: [
            "\r\n", "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{B}", "\u{C}", "\n\n",
            " \n\t\n ",
            "\n- ", "\n* ", "\n1. ", "\n12) ", "\na) ", "\n(iv) ", "\n• ", "\n> ", "\n> > - ",
            "\n## ", "\n- [x] ", "\n\u{FEFF}", "\u{3000}\n", "\n——— \n", "\n1.2.3.\t",
        ])
    func separators(separator: String) {
        let prepared = prepare("  Ein Hund." + separator + "Zwei Hunde.\t")
        #expect(prepared.texts == ["Ein Hund.", "Zwei Hunde."])
        #expect(prepared.reassemble(["A", "B"]).text == "  A" + separator + "B\t")
    }

    @Test("The places of sentences are given in both texts")
    func ranges() {
        let text = "Äpfel sind gut. Käse\u{AD} auch!\n12345\nSüß."
        let result = prepare(text).reassemble(["Apples are good.", "So is cheese!", "Sweet."])
        #expect(result.text == "Apples are good. So is cheese!\n12345\nSweet.")
        let (source, target) = (Array(text.utf8), Array(result.text.utf8))
        #expect(
            result.sentences.map { String(decoding: source[$0.source], as: UTF8.self) } == [
                "Äpfel sind gut.", "Käse\u{AD} auch!", "Süß.",
            ])
        #expect(
            result.sentences.map { String(decoding: target[$0.target], as: UTF8.self) } == [
                "Apples are good.", "So is cheese!", "Sweet.",
            ])
    }

    @Test(
        "What has no letter is copied",
        arguments: [
            "", " ", "12345", "3,50 €", "2026-11-24", "24.11.2026", "...", "😀", "-", "%1$s", "5 km",
            "1. ", "https://example.org/a?b=c", "info@example.org", "👩‍👩‍👧 🇩🇪", "{{name}}\n%d", "<br/>",
            "`let x = 1`", ":smile:", "٣٫٥",
        ])
    func noSignal(text: String) {
        let prepared = prepare(text)
        #expect(prepared.inputs.isEmpty)
        #expect(prepared.reassemble([String]()).text == text)
        let blanks = " \u{A0}\t\r\n\u{2028}"
        #expect(
            prepare(blanks + text + blanks).reassemble([String]()).text == blanks + text + blanks)
    }

    @Test("Format characters are taken out, and places are kept")
    func formatCharacters() {
        let text = "Zwei Hun\u{AD}de\u{200B} spie\u{202E}len\u{2060}."
        let prepared = prepare(text)
        #expect(prepared.texts == ["Zwei Hunde spielen."])
        let input = prepared.inputs[0]
        let source = Array(text.utf8)
        for (offset, byte) in input.text.utf8.enumerated() {
            #expect(source[input.sourceOffset(of: offset)] == byte)
        }
        #expect(input.sourceOffset(of: input.text.utf8.count) == source.count)
    }

    @Test(
        "Joiners stay where a script or an emoji needs them",
        arguments: ["می\u{200C}خواهم", "क्\u{200D}ष", "ein 👩\u{200D}💻 hier", "ශ්\u{200D}රී"])
    func joiners(text: String) {
        #expect(prepare(text).texts == [text])
    }

    @Test("Texts without blanks between sentences get them only in a language that writes them")
    func missingBlanks() {
        let text = "これはペンです。それは本です。"
        var options = PreparationOptions(source: "ja", target: "en")
        let japanese = TextPreparer(options).prepare(text)
        #expect(japanese.reassemble(["A pen.", "A book."]).text == "A pen. A book.")
        options.target = "zh"
        let chinese = TextPreparer(options).prepare(text)
        #expect(chinese.reassemble(["这是笔。", "那是书。"]).text == "这是笔。那是书。")
    }

    @Test("Wrapped lines reach the model as one line")
    func wrappedLines() {
        let prepared = prepare("Ein Hund \n  und eine\r\nKatze.\n\nEnde.") {
            $0.lineBreaks = .blanks
        }
        #expect(prepared.texts == ["Ein Hund und eine Katze.", "Ende."])
        #expect(prepared.reassemble(["A.", "B."]).text == "A.\n\nB.")
        var japanese = PreparationOptions(source: "ja", target: "en")
        japanese.lineBreaks = .blanks
        #expect(TextPreparer(japanese).prepare("これは父の\n家です。").texts == ["これは父の家です。"])
    }

    @Test("Without segmentation a line is one sentence")
    func wholeLines() {
        let prepared = prepare("Eins. Zwei.\nDrei.") { $0.splitsSentences = false }
        #expect(prepared.texts == ["Eins. Zwei.", "Drei."])
    }
}

@Suite("Long sentences", .timeLimit(.minutes(10)))
struct LongSentenceTests {
    private func pieces(_ text: String, _ maximum: Int, _ language: String = "de") -> [String] {
        var options = PreparationOptions(source: language)
        options.limit = LengthLimit(maximum: maximum) { $0.split(separator: " ").count }
        return TextPreparer(options).prepare(text).texts
    }

    @Test("A sentence over the limit is parted at its best inner boundary")
    func boundaries() {
        #expect(
            pieces("Wir sahen Hunde auf dem Weg, der nach Hause führt; dann kam die Nacht.", 10)
                == [
                    "Wir sahen Hunde auf dem Weg, der nach Hause führt;", "dann kam die Nacht.",
                ])
        #expect(
            pieces("Der alte Mann liest ein Buch, und die Frau kocht Suppe.", 7) == [
                "Der alte Mann liest ein Buch,", "und die Frau kocht Suppe.",
            ])
        #expect(pieces("eins zwei drei vier", 2) == ["eins zwei", "drei vier"])
        #expect(pieces("eins zwei drei", 3) == ["eins zwei drei"])
    }

    @Test("No grapheme cluster and no protected span is parted, however small the limit")
    func clusters() {
        for (text, least) in [
            ("e\u{301}e\u{301}👩‍👩‍👧x", 4), ("中文中文", 4), ("wort{name}wort", 9), ("한국어", 3),
        ] {
            var options = PreparationOptions(source: "de", target: "en")
            options.limit = LengthLimit(maximum: 1) { $0.utf8.count }
            let prepared = TextPreparer(options).prepare(text)
            #expect(prepared.texts.joined() == text)
            #expect(prepared.inputs.count == least)
            #expect(prepared.sentences.count == 1)
        }
    }

    @Test("Every piece is within the limit that a single cluster does not pass")
    func limits() {
        let text = String(repeating: "ein langer Satz, mit Kommas; und mehr ", count: 50)
        for maximum in [8, 9, 20, 33, 100] {
            var options = PreparationOptions(source: "de")
            options.limit = LengthLimit(maximum: maximum) { $0.utf8.count }
            let texts = TextPreparer(options).prepare(text).texts
            #expect(texts.allSatisfy { $0.utf8.count <= maximum })
            #expect(texts.joined(separator: " ") == text.dropLast())
        }
    }
}
