import Testing
import TextPreparation

@Suite("Glossaries", .timeLimit(.minutes(10)))
struct GlossaryTests {
    private func input(_ text: String, _ glossary: Glossary) -> ModelInput {
        var options = PreparationOptions(source: "de", target: "en")
        options.glossary = glossary
        options.protectedTerms = ["Halter der Rechte"]
        return TextPreparer(options).prepare(text).inputs[0]
    }

    @Test("A word is translated as the glossary says, where it stands whole")
    func words() throws {
        let glossary = try Glossary([
            Glossary.Entry(source: "Halter", target: "halter"),
            Glossary.Entry(source: "Halter Nr. 2", target: "second halter"),
        ])
        let input = input("Der Halter, der Halter Nr. 2 und der Halterung halter.", glossary)
        #expect(input.spans.map(\.output) == ["halter", "second halter"])
        #expect(
            input.parts == [
                .translated("Der"), .copied(" "), .copied("halter"), .copied(", "),
                .translated("der"), .copied(" "), .copied("second halter"), .copied(" "),
                .translated("und der Halterung halter."),
            ])
        // The word that is the target already counts, too.
        #expect(input.keepsSpans("The halter, the second halter and the halter of the mount."))
        #expect(!input.keepsSpans("The keeper, the second halter and the halter."))
    }

    @Test("Without regard to case the translation takes the case that was found")
    func anyCase() throws {
        let entry = Glossary.Entry(source: "hund", target: "dog")
        let glossary = try Glossary([entry], ignoresCase: true)
        #expect(
            input("HUND, Hund und hund", glossary).spans.map(\.output) == ["DOG", "Dog", "dog"])
        #expect(try input("HUND, Hund und hund", Glossary([entry])).spans.map(\.output) == ["dog"])
    }

    @Test("Of a word and a protected span that overlap the longer one stays")
    func conflicts() throws {
        let glossary = try Glossary([
            Glossary.Entry(source: "Halter", target: "halter"),
            Glossary.Entry(source: "mail an info@example.org", target: "write to us"),
        ])
        #expect(
            input("Der Halter der Rechte", glossary).spans.map(\.output) == ["Halter der Rechte"])
        #expect(
            input("Bitte mail an info@example.org.", glossary).spans.map(\.output)
                == ["write to us"])
    }

    @Test("A file of tab-separated values is read, its faults named by their lines")
    func files() throws {
        let glossary = try Glossary(tabSeparated: "Hund\tdog\r\n\n Katze \t cat\n")
        #expect(
            glossary.entries == [
                Glossary.Entry(source: "Hund", target: "dog"),
                Glossary.Entry(source: "Katze", target: "cat"),
            ])
        for (text, line, reason) in [
            ("a\tb\nc", 2, Glossary.Fault.Reason.columns), ("a\tb\tc", 1, .columns),
            ("a\tb\n\n\tc", 3, .empty), ("a\t ", 1, .empty), ("a\tb\n\na\tc", 3, .repeated),
            ("a\u{1}\tb", 1, .control),
        ] {
            do {
                _ = try Glossary(tabSeparated: text)
                Issue.record("read: \(text.debugDescription)")
            } catch {
                #expect(error.entry == line && error.reason == reason)
            }
        }
    }
}
