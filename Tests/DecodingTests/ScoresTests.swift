import Checkpoint
import Decoding
import Tensor
import TestSupport
import Testing
import TranslationModel

@Suite("Outputs whose scores nobody wants", .timeLimit(.minutes(10)))
struct ScoresTests {
    /// Every policy of the shipped model, greedy, with and without rules that need all logits.
    private func options() -> [DecodingOptions] {
        let thresholds = Array(repeating: 0.6, count: 5)
        let rules = ExitPolicy.allCases.map {
            ExitRule($0, .init(layer: 2, thresholds: thresholds), layerCount: 6)
        }
        return rules.flatMap { rule in
            let plain = DecodingOptions(exit: rule)
            var long = plain
            long.minimumTokens = 12
            var penalised = plain
            penalised.repetitionPenalty = 1.3
            return [plain, long, penalised]
        }
    }

    /// Models with their sources: the classifier of the second is large enough to be screened.
    private static let models: [(directory: String, sources: [[Int]])] = [
        ("models/multi30k-de-en", (0..<12).map { [40 + $0, 90, 33 + 7 * $0, 120, 15, 0] }),
        (
            "models/tatoeba-de-en",
            (0..<12).map { [300 + 9 * $0, 270, 1200 + 31 * $0, 450, 258, 0] }
        ),
    ]

    @Test(
        "have the same tokens, exits and operations, alone and together",
        arguments: Precision.allCases, models)
    func sameTokens(
        precision: Precision, _ entry: (directory: String, sources: [[Int]])
    ) throws {
        let directory = Repository.path(entry.directory)
        let model = try TranslationModel(Checkpoint(directory: directory), precision: precision)
        for options in options() {
            var plain = options
            plain.scores = false
            let expected = try decodeTogether(entry.sources, options, model)
            #expect(tokens(try decodeTogether(entry.sources, plain, model)) == tokens(expected))
            let alone = try entry.sources.prefix(4).flatMap {
                try decodeTogether([$0], plain, model)
            }
            #expect(tokens(alone) == tokens(Array(expected.prefix(4))))
            guard options.exit.policy != .speculative else { continue }
            #expect(alone.map(\.operations) == expected.prefix(4).map(\.operations))
        }
    }

    @Test("have log-probabilities and scores of 0, whatever else is decoded with them")
    func zeroes() throws {
        let model = try TranslationModel(
            Checkpoint(directory: Repository.model), precision: .int8)
        let source = try Golden("own.json").cases[0].sentences[0].sourceIDs
        let states = model.encode([source, source], scratch: EncoderScratch(for: model))
        let decoder = BatchDecoder(model: model)
        let full = ExitRule(.full, layerCount: 6)
        let plain = decoder.add(source: states[0], options: .init(exit: full, scores: false))
        let scored = decoder.add(source: states[1], options: .init(exit: full))
        var results: [Int: DecodingResult] = [:]
        while decoder.sentenceCount > 0 {
            for (ticket, result) in decoder.advance() { results[ticket] = try result.get() }
        }
        let hypotheses = try [plain, scored].map { try #require(results[$0]?.hypotheses[0]) }
        #expect(hypotheses[0].tokens.allSatisfy { $0.logProbability == 0 })
        #expect(hypotheses[0].score == 0)
        #expect(hypotheses[1].tokens.allSatisfy { $0.logProbability < 0 })
        #expect(hypotheses[0].tokens.map(\.id) == hypotheses[1].tokens.map(\.id))
    }

    @Test("a beam has its scores all the same")
    func beam() throws {
        let model = try TranslationModel(
            Checkpoint(directory: Repository.model), precision: .int8)
        let source = try Golden("own.json").cases[0].sentences[0].sourceIDs
        var options = DecodingOptions(exit: ExitRule(.full, layerCount: 6))
        options.beamSize = 4
        let expected = try decodeTogether([source], options, model)
        options.scores = false
        #expect(try decodeTogether([source], options, model) == expected)
    }

    @Test(
        "fail where the network gives something that is not a number", arguments: Precision.allCases
    )
    func notFinite(precision: Precision) throws {
        let directory = try TemporaryDirectory()
        var writer = CheckpointWriter.Options()
        writer.scale = 1e30
        try CheckpointWriter(writer).write(to: directory)
        let model = try TranslationModel(
            Checkpoint(directory: directory.path), precision: precision)
        let states = model.encode([[1, 2, 0]], scratch: EncoderScratch(for: model))
        let decoder = BatchDecoder(model: model)
        let rule = ExitRule(.full, layerCount: 3)
        _ = decoder.add(source: states[0], options: .init(exit: rule, scores: false))
        let finished = decoder.advance()
        #expect(throws: DecodingError.notFinite(layer: 3)) { try finished[0].result.get() }
    }

    private func tokens(_ results: [DecodingResult]) -> [[Int]] {
        results.map { result in
            result.hypotheses[0].tokens.flatMap { token in
                // What drafts are made depends on the time that things take.
                result.speculation == nil ? [token.id, token.exitLayer] : [token.id]
            }
        }
    }
}
