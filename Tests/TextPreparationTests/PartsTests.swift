import Testing
import TextPreparation

@Suite("Inputs that are translated in parts", .timeLimit(.minutes(10)))
struct PartsTests {
    private func input(_ text: String) throws -> ModelInput {
        try #require(
            TextPreparer(PreparationOptions(source: "de", target: "en")).prepare(text).inputs.first)
    }

    @Test("A full stop that the model gives a part stays only where the part has one")
    func stops() throws {
        let input = try input("Ein Hund {name} spielt im Schnee.")
        let joined = input.join([
            InputTranslation("A dog."), InputTranslation("is playing in the snow."),
        ])
        #expect(joined.text == "A dog {name} is playing in the snow.")
        let open = try self.input("Ein Hund {name} spielt, usw. {x} und mehr")
        let all = open.join([
            InputTranslation("A dog..."), InputTranslation("plays, etc."),
            InputTranslation("and more."),
        ])
        #expect(all.text == "A dog... {name} plays, etc. {x} and more")
    }

    @Test("The alignment of a part goes without the full stop, too")
    func alignment() throws {
        let input = try input("Ein Hund {name} da")
        let joined = input.join([
            InputTranslation(
                "Dog.",
                alignment: [
                    AlignedSpan(target: 0..<3, source: 4..<8),
                    AlignedSpan(target: 3..<4, source: 4..<8),
                ]),
            InputTranslation("there", alignment: [AlignedSpan(target: 0..<5, source: 0..<2)]),
        ])
        #expect(joined.text == "Dog {name} there")
        #expect(joined.alignment.allSatisfy { !$0.target.isEmpty })
        #expect(joined.alignment.first?.target == 0..<3)
    }

    @Test("Hearts and stars are pictures without a selector, too, and ™ is text")
    func pictures() throws {
        let input = try input("Ein Hund ❤ spielt ★ und ⭐ mit Lego™ im Schnee.")
        #expect(input.spans.map(\.output) == ["❤", "⭐"])
    }
}
