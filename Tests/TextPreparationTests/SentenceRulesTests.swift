import TestSupport
import Testing

@testable import TextPreparation

@Suite("Sentences", .timeLimit(.minutes(10)))
struct SentenceRulesTests {
    /// What is missed, and why.
    private static let missed = [
        // Needs to know that a morning has no title, and an evening has one: "6 P.M. Mr. Smith".
        "en A.M. / P.M. as non sentence boundary and sentence boundary #018",
        // Sentences that end at a colon or a comma; UAX #29 ends none there, nor does another language of ours.
        "ar Regular punctuation #001", "ar Time #004", "ar Comma #005",
    ]

    @Test(
        "The Golden Rules hold: 51 of 52 for English, all for six other languages, 2 of 5 for Arabic"
    )
    func goldenRules() throws {
        let golden = try RuleCase.all().filter(\.isGolden)
        #expect(golden.count == 79)
        #expect(golden.count { $0.language == "en" } == 52)
        let failures = golden.filter { !$0.isKept }.map { "\($0.language) \($0.name)" }
        #expect(failures == Self.missed)
    }

    @Test(
        "Further published examples hold",
        arguments: [
            ("ar", 2, 5), ("de", 33, 33), ("en", 89, 114), ("es", 28, 30), ("fr", 5, 5),
            ("it", 32, 33), ("ja", 3, 4), ("nl", 1, 1), ("pl", 1, 1), ("ru", 38, 39), ("zh", 2, 2),
        ])
    func examples(language: String, least: Int, count: Int) throws {
        let examples = try RuleCase.all().filter { !$0.isGolden && $0.language == language }
        #expect(examples.count == count)
        // Most of the others quote several sentences, which we part and the original keeps in one.
        #expect(examples.count(where: \.isKept) >= least)
    }

    @Test("Without a language the boundaries are those of UAX #29's own test")
    func unicodeTest() throws {
        let path = "Tests/TextPreparationTests/Resources/unicode/SentenceBreakTest.txt"
        let lines = try Repository.bytes(path).split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 512)
        for line in lines {
            var scalars: [Unicode.Scalar] = []
            var expected: [Int] = []
            for sign in String(decoding: line, as: UTF8.self).split(separator: " ") {
                if sign == "÷" {
                    expected.append(scalars.count)
                } else if sign != "×" {
                    let value = try #require(UInt32(sign, radix: 16))
                    scalars.append(try #require(Unicode.Scalar(value)))
                }
            }
            #expect(SentenceBreaks.boundaries(of: scalars) == expected)
        }
    }

    /// Texts whose sentences are parted here by `|`.
    @Test(
        "Abbreviations, ordinals, initials and numbers do not end sentences",
        arguments: [
            ("de", "Am 3. März kam Dr. Meier. |Er blieb bis zum 12. Juni."),
            ("de", "Das steht auf Seite 12. |Wir lesen es z. B. in Kap. 4 nach."),
            ("de", "Wir brauchen Brot, Käse usw. |Das ist d. h. Proviant."),
            ("de", "Der 2. Weltkrieg endete 1945. |Danach kam der 1. FC Köln."),
            ("de", "Es kostet 3,50 Euro. |Im Jh. v. Chr. war es billiger."),
            ("en", "Mr. Smith met J. R. R. Tolkien. |They spoke, e.g. of Mt. Doom."),
            ("en", "It costs $3.50. |See fig. 3 and pp. 4-5."),
            ("fr", "M. Dupont habite ici. |« Oui ! » |Il est parti."),
            ("es", "El Sr. García llegó. |¿Cómo está? |¡Bien!"),
            ("it", "Il Dott. Rossi è qui. |Buongiorno!"),
            ("pt", "O Sr. Silva chegou às 5. |Ele está bem."),
            ("nl", "Dhr. Jansen is er. |Hij woont in nr. 5, d.w.z. hier."),
            ("pl", "Prof. Kowalski przyszedł 3. maja. |To jest np. kot."),
            ("cs", "Pan Dr. Novák přišel 3. května. |Je to tzv. kočka."),
            ("ru", "Это г. Москва. |Он живёт на ул. Ленина, д. 5."),
            ("uk", "Це м. Київ. |Він живе на вул. Франка."),
            ("ja", "「はい。」と言った。|それから帰った。|本当？|はい！"),
            ("zh", "他说：“你好。”|她走了。|真的吗？|是的！"),
            ("ar", "هل أنت هنا؟ |نعم. |وصل د. أحمد."),
            ("en", "Visit https://a.example/b.c. |It's 5 p.m. now, e.g. in the U.S. Senate."),
            (
                "en",
                "At 5 a.m. Mr. Smith left, with bags etc. |Travelers came at 6 P.M. |Tom did, too."
            ),
            ("en", "It was so.[1][2] |He left.[16] |They came."),
            ("ru", "Это доктор наук А. И. Семенов. |И он здесь."),
            ("es", "Viajaba a 100 km/h. |¿En cuánto tiempo?"),
            ("en", "hello there. |how are you? |fine."),
            ("en", "WHAT IS THIS? |IT IS A TEST. |OK."),
        ])
    func languages(language: String, marked: String) {
        let expected = marked.split(separator: "|").map(String.init)
        let text = expected.joined()
        let bytes = Array(text.utf8)
        let found = SentenceSegmenter(language: language).sentences(of: text)
            .map { String(decoding: bytes[$0], as: UTF8.self) }
        #expect(found == expected)
    }

    @Test("A tag's first subtag names the language, whatever its case and separator")
    func tags() {
        let text = "Am 3. März kam er."
        for tag in ["de", "DE", "de-AT", "de_CH", "deu", "ger"] {
            #expect(SentenceSegmenter(language: tag).sentences(of: text).count == 1)
        }
        for tag in [nil, "", "en", "tlh"] {
            #expect(SentenceSegmenter(language: tag).sentences(of: text).count == 2)
        }
    }

    @Test("Wrapped lines go on, but not over a blank line or an item of a list")
    func wrappedLines() {
        let text = "Eins und\nzwei. Drei\n\nvier\n- fünf\n- sechs"
        let bytes = Array(text.utf8)
        let found = SentenceSegmenter(language: "de", lineBreaks: .blanks).sentences(of: text)
            .map { String(decoding: bytes[$0], as: UTF8.self) }
        #expect(found == ["Eins und\nzwei. ", "Drei\n\n", "vier\n", "- fünf\n", "- sechs"])
    }
}
