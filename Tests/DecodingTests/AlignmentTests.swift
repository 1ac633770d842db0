import Checkpoint
import Decoding
import Tensor
import TestSupport
import Testing
import Tokenization
import TranslationModel

@Suite("Alignments of outputs", .timeLimit(.minutes(10)))
struct AlignmentTests {
    private let checkpoint: Checkpoint
    private let tokenizer: Tokenizer

    init() throws {
        checkpoint = try Checkpoint(directory: Repository.model)
        tokenizer = try Tokenizer(checkpoint)
    }

    private static let policies: [ExitRule] = [
        ExitRule(.full, layerCount: 6), ExitRule(.fixed, .init(layer: 1), layerCount: 6),
        ExitRule(.tokenGeometric, .init(thresholds: [0.9, 0.8, 0.6, 0.3, 0.3]), layerCount: 6),
        ExitRule(
            .confidence, .init(thresholds: [0.6, 0.6, 0.5, 0.9, 0.4], candidates: 8), layerCount: 6),
    ]

    private func options(_ exit: ExitRule, beam: Int, aligns: Bool) -> DecodingOptions {
        var options = DecodingOptions(exit: exit)
        options.beamSize = beam
        options.hypothesisCount = beam
        options.aligns = aligns
        return options
    }

    /// Everything but the alignment.
    private func plain(_ results: [DecodingResult]) -> [[Hypothesis]] {
        results.map { result in
            result.hypotheses.map {
                Hypothesis(tokens: $0.tokens, score: $0.score, finishReason: $0.finishReason)
            }
        }
    }

    @Test(
        "One source position for each token, and nothing else changes by asking",
        arguments: policies,
        [1, 3])
    func changesNothing(exit: ExitRule, beam: Int) throws {
        for precision in Precision.allCases {
            let model = try TranslationModel(checkpoint, precision: precision)
            let sources = try Golden("own.json").cases[0].sentences.prefix(8).map(\.sourceIDs)
            let without = try decodeTogether(
                sources, options(exit, beam: beam, aligns: false), model)
            let with = try decodeTogether(sources, options(exit, beam: beam, aligns: true), model)
            #expect(plain(with) == plain(without))
            #expect(with.map(\.operations) == without.map(\.operations))
            #expect(without.allSatisfy { $0.hypotheses.allSatisfy { $0.alignment == nil } })
            for (source, result) in zip(sources, with) {
                for hypothesis in result.hypotheses {
                    let alignment = try #require(hypothesis.alignment)
                    #expect(alignment.count == hypothesis.tokens.count)
                    for (token, position) in zip(hypothesis.tokens, alignment) {
                        #expect(source.indices.contains(position))
                        #expect((token.id == 0) == (position == source.count - 1))
                    }
                }
            }
        }
    }

    @Test(
        "A sentence's alignment is the same alone and among others, aligned and not",
        arguments: policies, [1, 3])
    func isIndependentOfTheBatch(exit: ExitRule, beam: Int) throws {
        let model = try TranslationModel(checkpoint)
        let sources = try Golden("own.json").cases[0].sentences.prefix(9).map(\.sourceIDs)
        let states = model.encode(sources, scratch: EncoderScratch(for: model))
        let decoder = BatchDecoder(model: model)
        var tickets: [BatchDecoder.Ticket: Int] = [:]
        for (index, state) in states.enumerated() {
            let options = options(exit, beam: beam, aligns: index % 3 != 1)
            tickets[decoder.add(source: state, options: options)] = index
            if index % 2 == 0 { #expect(decoder.advance().isEmpty) }
        }
        while decoder.sentenceCount > 0 {
            for (ticket, result) in decoder.advance() {
                let index = try #require(tickets[ticket])
                let options = options(exit, beam: beam, aligns: index % 3 != 1)
                let alone = try decodeTogether([sources[index]], options, model)
                #expect(try result.get() == alone[0])
            }
        }
    }

    /// The words that a token was made from, by the token's text.
    private func links(_ text: String, layer: Int) throws -> [String] {
        let model = try TranslationModel(checkpoint)
        let (ids, sourceRanges) = tokenizer.encodeWithRanges(text)
        let exit = ExitRule(.fixed, .init(layer: layer), layerCount: 6)
        let result = try decodeTogether([ids], options(exit, beam: 1, aligns: true), model)[0]
        let tokens = result.hypotheses[0].tokens.map(\.id)
        let (output, targetRanges) = tokenizer.decodeWithRanges(tokens)
        func slice(_ text: String, _ range: Range<Int>) -> String {
            String(decoding: Array(text.utf8)[range].drop { $0 == 0x20 }, as: UTF8.self)
        }
        let alignment = try #require(result.hypotheses[0].alignment)
        return zip(targetRanges, alignment).map {
            "\(slice(output, $0))=\(slice(text, sourceRanges[$1]))"
        }
    }

    @Test("A simple caption is aligned word by word at every exit", arguments: 2...6)
    func caption(layer: Int) throws {
        let found = try links("Zwei Hunde spielen auf dem Dach.", layer: layer)
        #expect(
            found == [
                "Two=Zwei", "dogs=Hunde", "play=spielen", "on=auf", "the=dem", "roof=Dach", ".=.",
                "=",
            ])
    }

    @Test("A text of the end of sentence alone is aligned to it")
    func empty() throws {
        let model = try TranslationModel(checkpoint)
        let options = options(Self.policies[0], beam: 2, aligns: true)
        for hypothesis in try decodeTogether([[0]], options, model)[0].hypotheses {
            let alignment = try #require(hypothesis.alignment)
            #expect(alignment.allSatisfy { $0 == 0 })
        }
    }
}
