import TestSupport
import Testing
import TextPreparation

@Suite("Properties of markup", .timeLimit(.minutes(10)))
struct MarkupPropertyTests {
    private func options(_ syntax: MarkupOptions.Syntax) -> PreparationOptions {
        var options = PreparationOptions(source: "de", target: "en")
        options.markup = MarkupOptions(syntax)
        return options
    }

    /// A translation of random words, with an alignment that says anything.
    private func scrambled(_ input: ModelInput, _ random: inout SeededGenerator)
        -> InputTranslation
    {
        var words = input.spans.map(\.output)
        for _ in 0..<random.below(12) {
            words.append(["red", "Hund", ",", "&", "<b>", "ÄÖ", "x"][random.below(7)])
        }
        for index in words.indices.dropLast() {
            words.swapAt(index, index + random.below(words.count - index))
        }
        let text = words.joined(separator: random.below(4) == 0 ? "" : " ")
        var alignment: [AlignedSpan] = []
        var place = 0
        while random.below(20) > 0, place < text.utf8.count {
            let end = place + random.below(6)
            let source = random.below(input.text.utf8.count + 1)
            alignment.append(
                AlignedSpan(target: place..<end, source: source..<(source + random.below(6))))
            place = end
        }
        return InputTranslation(text, alignment: alignment)
    }

    @Test(
        "Well-formed markup with other words comes back exactly, each tag at its word",
        arguments: [false, true])
    func turned(isXML: Bool) {
        var generator = MarkupGenerator(seed: 71, isXML: isXML)
        let preparer = TextPreparer(options(isXML ? .xml : .html))
        for _ in 0..<4_000 {
            generator.make()
            let prepared = preparer.prepare(generator.source)
            let result = prepared.reassemble(prepared.inputs.map(AlignedWords.turned)).text
            guard result == generator.turned else {
                Issue.record("\(generator.source)\n\(generator.turned)\n\(result)")
                return
            }
        }
    }

    @Test(
        "Whatever the model says, well-formed markup stays so, with the same tags",
        arguments: [false, true])
    func wellFormed(isXML: Bool) {
        var generator = MarkupGenerator(seed: 73, isXML: isXML)
        var options = options(isXML ? .xml : .html)
        for round in 0..<6_000 {
            generator.make()
            options.limit = round % 4 == 0 ? LengthLimit(maximum: 12) { $0.utf8.count } : nil
            let prepared = TextPreparer(options).prepare(generator.source)
            let expected = StrictMarkup.tags(generator.source)
            let result = prepared.reassemble(
                prepared.inputs.map { scrambled($0, &generator.random) }
            ).text
            guard expected != nil, StrictMarkup.tags(result) == expected else {
                Issue.record("\(generator.source)\n\(result)")
                return
            }
        }
    }

    @Test(
        "Mutated markup comes back byte for byte where nothing is changed, and never crashes",
        arguments: [false, true])
    func mutated(isXML: Bool) {
        var generator = MarkupGenerator(seed: 79, isXML: isXML)
        var options = options(isXML ? .xml : .html)
        for round in 0..<6_000 {
            generator.make()
            var bytes = Array(generator.source.utf8)
            for _ in 0..<3 { generator.random.mutate(&bytes) }
            let text = String(decoding: bytes, as: UTF8.self)
            options.limit = round % 4 == 0 ? LengthLimit(maximum: 12) { $0.utf8.count } : nil
            options.target = "en"
            options.adaptsCase = true
            options.completesSentences = round % 3 == 0
            options.usualForm = nil
            if round % 5 == 0 { options.usualForm = { word, _ in word.uppercased() } }
            let prepared = TextPreparer(options).prepare(text)
            var place = 0
            for unit in prepared.units {
                let range =
                    switch unit {
                    case .copied(let range): range
                    case .input(let index): prepared.inputs[index].source
                    }
                #expect(range.lowerBound == place)
                place = range.upperBound
            }
            #expect(place == text.utf8.count)
            // A blank that is missing between sentences is added for a language that writes it.
            options.target = "zh"
            options.adaptsCase = false
            options.completesSentences = true
            let plain = TextPreparer(options).prepare(text)
            #expect(plain.reassemble(plain.texts).text == text)
            let inputs = prepared.inputs.map { scrambled($0, &generator.random) }
            #expect(prepared.reassemble(inputs).sentences.count == prepared.sentences.count)
        }
    }
}
