import Testing
import TextPreparation

@Suite("Markup", .timeLimit(.minutes(10)))
struct MarkupTests {
    private func prepare(_ text: String, _ syntax: MarkupOptions.Syntax = .html) -> PreparedText {
        var options = PreparationOptions(source: "de", target: "en")
        options.markup = MarkupOptions(syntax)
        return TextPreparer(options).prepare(text)
    }

    @Test(
        "Blocks end sentences, and inline elements do not",
        arguments: [
            (
                "<h1>Ein Hund</h1><p>Zwei <b>Hunde</b> spielen.</p>",
                ["Ein Hund", "Zwei Hunde spielen."]
            ),
            ("Eins<br>zwei<br/>drei", ["Eins", "zwei", "drei"]),
            ("<ul><li>eins<li>zwei</ul>drei", ["eins", "zwei", "drei"]),
            ("<table><tr><td>eins<td>zwei</table>", ["eins", "zwei"]),
            ("<b>Ha</b>llo <i>W</i>elt", ["Hallo Welt"]),
            ("Ein\n  <b> Hund </b>\n spielt. Zwei\tHunde.", ["Ein Hund spielt.", "Zwei Hunde."]),
            ("<title>Ein &amp; Hund</title>", ["Ein & Hund"]),
            ("<p>Ein <a href='x>y'>Hund</a><span>.</span></p>", ["Ein Hund."]),
            ("Der Preis: 3 &lt; 4 &#8364; und &eacute;t&eacute", ["Der Preis: 3 < 4 € und été"]),
            ("<select><option>eins<option>zwei</select>", ["eins", "zwei"]),
            ("Ein Hund<!-- x -->e bellen.", ["Ein Hunde bellen."]),
            ("a < b und c > d <3 &foo; AT&T", ["a < b und c > d <3 &foo; AT&T"]),
            ("<custom-tag>Ein</custom-tag> Hund", ["Ein Hund"]),
        ])
    func sentences(text: String, expected: [String]) {
        let prepared = prepare(text)
        #expect(prepared.texts == expected)
        #expect(prepared.reassemble(prepared.texts).text == text)
    }

    @Test(
        "What is not translated is copied byte for byte",
        arguments: [
            "<!DOCTYPE html><!-- Ein Hund --><?php Ein Hund ?>",
            "<script>if (a < b) Hund()</script>",
            "<script><!-- <script>a</script> Ein Hund --></script>",
            "<style>p > a { Hund }</style>",
            "<pre>Ein Hund\n  spielt.</pre>", "<code>Ein Hund</code>",
            "<textarea>Ein Hund</textarea>",
            "<p translate=no>Ein <b>Hund</b><p class='a notranslate'>Ein Hund",
            "<div translate='no'><p>Ein Hund</p> spielt.</div>",
            "<img alt='Ein Hund' title=\"Hund\">",
            "<svg><title>Ein Hund</title><p>Hund</p></svg>", "<![CDATA[ Ein Hund ]]>",
            "<iframe>Ein <b>Hund</iframe>", "<div translate=no>Ein <div>Hund</div> spielt</div>",
            "<a title='Ein Hund' unclosed", "<", "</>", "<a><b></i></a>", "&nbsp;&#160;",
            "</ Hund>",
            "<xmp>Ein <b>Hund</xmp>", "<plaintext>Ein Hund</plaintext>",
            "<p>&copy; 2026 &middot; 3</p>",
        ])
    func kept(text: String) {
        let prepared = prepare(text)
        #expect(prepared.texts == [])
        #expect(prepared.reassemble([String]()).text == text)
        let around = prepare("<p>Ein Hund.</p>\(text)")
        #expect(around.texts == ["Ein Hund."])
        #expect(around.reassemble(["A < B."]).text == "<p>A &lt; B.</p>\(text)")
    }

    @Test("Translation is brought back within what is not translated")
    func broughtBack() {
        let text = "<div translate=no>Nein <p translate=yes>Ein <b>Hund</b>.</p> nein</div> Ja."
        let prepared = prepare(text)
        #expect(prepared.texts == ["Ein Hund.", "Ja."])
        #expect(
            prepared.reassemble(["A dog.", "Yes."]).text
                == "<div translate=no>Nein <p translate=yes>A <b>dog</b>.</p> nein</div> Yes.")
    }

    @Test("An element that is not translated is a part of its sentence and comes out with its tags")
    func keptInline() {
        let prepared = prepare(
            "Die Methode <code class=\"x\">a<b>.b</b>()</code> ruft &amp; endet.")
        #expect(prepared.texts == ["Die Methode a.b() ruft & endet."])
        let input = prepared.inputs[0]
        #expect(input.spans.map(\.output) == ["a.b()"])
        #expect(input.keepsSpans("Ends & calls a.b()."))
        #expect(
            prepared.reassemble(["Ends & calls a.b()."]).text
                == "Ends &amp; calls <code class=\"x\">a<b>.b</b>()</code>.")
        // Lost by the model, it stands where it stood.
        #expect(
            prepared.reassemble([
                AlignedWords.translation("The=Die method=Methode ends=endet +.", of: input.text)
            ]).text == "The method <code class=\"x\">a<b>.b</b>()</code> ends.")
    }

    @Test("Elements of XML are blocks where no text stands beside them")
    func outline() {
        let text =
            "<?xml version=\"1.0\"?><Doc><Titel>Ein Hund</Titel><par>Zwei <i>Hunde</i> hier.</par></Doc>"
        #expect(prepare(text, .xml).texts == ["Ein Hund", "Zwei Hunde hier."])
        var options = PreparationOptions(source: "de")
        options.markup = MarkupOptions(.xml)
        options.markup?.detectsOutline = false
        #expect(TextPreparer(options).prepare(text).texts == ["Ein HundZwei Hunde hier."])
        options.markup?.splittingTags = ["par"]
        #expect(TextPreparer(options).prepare(text).texts == ["Ein Hund", "Zwei Hunde hier."])
        options.markup?.ignoredTags = ["i"]
        let prepared = TextPreparer(options).prepare(text)
        #expect(prepared.inputs.map { $0.spans.map(\.output) } == [[], ["Hunde"]])
        options.markup = MarkupOptions(.xml)
        options.markup?.nonSplittingTags = ["par"]
        #expect(TextPreparer(options).prepare(text).texts == ["Ein Hund", "Zwei Hunde hier."])
    }

    @Test("XML keeps the case of names, its own entities and sections")
    func xml() {
        let text =
            "<p>Ein <B>Hund</b> &firma; &amp; <![CDATA[x < y]]> Katze</B> sind<br/>hier &#x1F436;.</p>"
        let prepared = prepare(text, .xml)
        #expect(prepared.texts == ["Ein Hund &firma; & x < y Katze sindhier 🐶."])
        #expect(prepared.inputs[0].spans.map(\.output) == ["&firma;", "x < y", "🐶"])
        let result = prepared.reassemble(["A dog &firma; & x < y cat are here 🐶 > \u{1}."]).text
        #expect(result.contains("&firma; &amp; <![CDATA[x < y]]> "))
        #expect(result.hasSuffix(" 🐶 &gt; .</p>"))
        #expect(result.contains("<br/>") && !result.contains("\u{1}"))
        // A line's end is no part of a name.
        let broken = prepare("la&u&\u{85}us;&us;\u{A0}&a\u{2028}b; ball<i>x&u\u{85}s;", .xml)
        #expect(broken.reassemble(broken.texts).text == broken.source)
        #expect(broken.inputs.flatMap(\.spans).map(\.output) == ["&us;"])
    }

    @Test("The places of sentences are given in both texts, tags within")
    func ranges() {
        let text = "<p>Ein <b>Hund</b>. <i>Zwei</i> &Auml;pfel.</p>"
        let result = prepare(text).reassemble(["A dog.", "Two apples."])
        let (source, target) = (Array(text.utf8), Array(result.text.utf8))
        #expect(
            result.sentences.map { String(decoding: source[$0.source], as: UTF8.self) } == [
                "Ein <b>Hund</b>.", "<i>Zwei</i> &Auml;pfel.",
            ])
        #expect(
            result.sentences.map { String(decoding: target[$0.target], as: UTF8.self) } == [
                "A <b>dog</b>.", "<i>Two</i> apples.",
            ])
    }

    @Test("A sentence alone is what stands for it in the whole")
    func oneSentence() {
        let prepared = prepare("<p>Ein <b>Hund</b>. <i>Zwei</i> Hunde.</p>")
        let translations = ["A dog.", "Two dogs."].map { InputTranslation($0) }
        let texts = translations.indices.map {
            prepared.text(ofSentence: $0, [translations[$0]])
        }
        #expect(texts == ["A <b>dog</b>.", "<i>Two</i> dogs."])
    }

    @Test("Spans, glossaries, marked places and capitals work within tags")
    func together() throws {
        var options = PreparationOptions(source: "de", target: "en")
        options.markup = MarkupOptions(.html)
        options.glossary = try Glossary([Glossary.Entry(source: "Hund", target: "hound")])
        let text =
            "<p>Der <b>Hund</b> {name} sieht <i>Rex</i> an.</p><p>GROSSER <b>STRASSENHUND</b> HIER!</p>"
        let start = text.utf8.count - text.drop { $0 != "R" }.utf8.count
        let prepared = TextPreparer(options).prepare(text, marked: [(start - 3)..<(start + 7)])
        #expect(prepared.inputs[0].spans.map(\.output) == ["hound", "{name}", "Rex"])
        #expect(prepared.texts[1] == "Grosser strassenhund hier!")
        let result = prepared.reassemble([
            AlignedWords.translation(
                "The=Der hound {name} looks=sieht at=an Rex +.=.", of: prepared.texts[0]),
            AlignedWords.translation(
                "Straße=hier big=Grosser dog=strassenhund +!=!", of: prepared.texts[1]),
        ])
        #expect(
            result.text
                == "<p>The <b>hound</b> {name} looks at <i>Rex</i>.</p><p>STRASSE BIG <b>DOG</b>!</p>"
        )
    }

    @Test("Hostile texts are read in linear time")
    func hostile() {
        let count = 200_000
        for part in [
            "<", "<a", "<a b=\"", "</", "<!--", "<![CDATA[", "<!x[", "<?", "&", "&#", "<b>", "</b>",
            "<b>x",
            "<p>x", "<div>", "<b><i></b>", "<code>x", "<p translate=yes><p translate=no>x", "<br>",
            "<img> ",
            "x<b> </b>", "<script>", "<script></script>x", "&nbsp;", "<b>x</b> ", "<code>x</code> ",
        ] {
            for syntax in [MarkupOptions.Syntax.html, .xml] {
                let text = String(repeating: part, count: count / part.utf8.count)
                let prepared = prepare(text, syntax)
                let turned = prepared.reassemble(prepared.inputs.map(AlignedWords.turned))
                #expect(turned.text.utf8.count >= text.utf8.count / 2)
                #expect(prepared.reassemble(prepared.texts).text == text)
            }
        }
    }
}
