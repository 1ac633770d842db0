import Testing
import TextPreparation

@Suite("Placement of tags", .timeLimit(.minutes(10)))
struct TagPlacementTests {
    private func translate(_ markup: String, _ notation: String) -> String {
        var options = PreparationOptions(source: "de", target: "en")
        options.markup = MarkupOptions(.html)
        let prepared = TextPreparer(options).prepare(markup)
        return prepared.reassemble(
            prepared.inputs.map { AlignedWords.translation(notation, of: $0.text) }
        ).text
    }

    /// Markup, the translation with the word that each word was made from, and what comes out.
    private static let cases: [(String, String, String)] = [
        ("Ein <b>roter</b> Hund", "A=Ein red=roter dog=Hund", "A <b>red</b> dog"),
        (
            "<b>Gestern</b> kam er.", "He=er came=kam yesterday=Gestern +.=.",
            "He came <b>yesterday</b>."
        ),
        (
            "<i><b>Gestern</b> kam er.</i>", "He=er came=kam yesterday=Gestern +.=.",
            "<i>He came <b>yesterday</b>.</i>"
        ),
        (
            "Ein <a href=\"x\"><b>roter</b> Hund</a> bellt", "A=Ein red=roter dog=Hund barks=bellt",
            "A <a href=\"x\"><b>red</b> dog</a> barks"
        ),
        (
            "Er <b>hat</b> sie <i>gesehen</i>.", "He=Er has=hat seen=gesehen her=sie +.=.",
            "He <b>has</b> <i>seen</i> her."
        ),
        ("<b>Ha</b>llo Welt", "Hello=Hallo world=Welt", "<b>Hello</b> world"),
        ("<b>H</b>allo Welt", "Hello=Hallo world=Welt", "<b>H</b>ello world"),
        ("Das CO<sub>2</sub> steigt", "The=Das CO2=CO2 rises=steigt", "The CO<sub>2</sub> rises"),
        ("Ein Wort<sup>1</sup> hier", "A=Ein word=Wort +1=1 here=hier", "A word<sup>1</sup> here"),
        ("Klick <img src=x> hier", "Click=Klick here=hier", "Click <img src=x> here"),
        ("Eins<!-- k --> zwei", "One=Eins two=zwei", "One<!-- k --> two"),
        ("Ein <b></b>Hund", "A=Ein dog=Hund", "A <b></b>dog"),
    ]

    @Test("Tags go around what their words became", arguments: cases)
    func placed(markup: String, notation: String, expected: String) {
        #expect(translate(markup, notation) == expected)
    }
}
