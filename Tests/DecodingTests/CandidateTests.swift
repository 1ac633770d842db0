import Checkpoint
import Decoding
import Glibc
import Tensor
import TestSupport
import Testing
import TranslationModel

/// A rule of `confidence`; nil candidates are the exact rule.
private func rule(
    _ thresholds: [Double], _ candidates: Int?, bounds: ClosedRange<Int>? = nil
) -> ExitRule {
    ExitRule(
        .confidence, .init(thresholds: thresholds, candidates: candidates), bounds: bounds,
        layerCount: thresholds.count + 1)
}

/// A random model whose classifiers are sure of something now and then.
private func randomModel(
    _ precision: Precision, vocabulary: Int, scale: Float = 0.6, separate: Bool = false
) throws -> TranslationModel {
    let directory = try TemporaryDirectory()
    var options = CheckpointWriter.Options()
    options.decoderLayers = 5
    options.vocabularySize = vocabulary
    options.separateClassifiers = separate
    options.scale = scale
    try CheckpointWriter(options).write(to: directory)
    return try TranslationModel(Checkpoint(directory: directory.path), precision: precision)
}

/// Sentences of a few lengths for a vocabulary of at least 20.
private let sources = (3...9).map { length in (1..<length).map { $0 * 5 % 19 + 1 } + [0] }

/// Greedy search, and a beam that bans the end at its first positions.
private func searches(_ exit: ExitRule) -> [DecodingOptions] {
    let greedy = DecodingOptions(exit: exit)
    var beam = greedy
    beam.beamSize = 3
    beam.hypothesisCount = 3
    beam.minimumTokens = 4
    return [greedy, beam]
}

@Suite("Confidence with candidates")
struct CandidateTests {
    @Test(
        "decides as the exact rule where every id is a candidate", arguments: Precision.allCases,
        [false, true])
    func allAreCandidates(precision: Precision, separate: Bool) throws {
        let model = try randomModel(precision, vocabulary: 64, separate: separate)
        var exits: Set<Int> = []
        for threshold in [0.0, 0.1, 0.2, 0.4, 0.7, 1.0] {
            let thresholds = (0..<4).map { threshold * (1 - 0.15 * Double($0)) }
            for (exact, some) in zip(
                searches(rule(thresholds, nil)), searches(rule(thresholds, 64)))
            {
                let expected = try decodeTogether(sources, exact, model)
                let got = try decodeTogether(sources, some, model)
                #expect(got.map(\.hypotheses) == expected.map(\.hypotheses), "\(threshold)")
                exits.formUnion(got.flatMap { $0.hypotheses[0].tokens.map(\.exitLayer) })
            }
        }
        #expect(exits.count >= 4)
    }

    @Test(
        "lets no token leave below the threshold, however few there are",
        arguments: Precision.allCases, [1, 2, 8])
    func reachesThreshold(precision: Precision, candidates: Int) throws {
        let model = try randomModel(precision, vocabulary: 90)
        let thresholds = [0.3, 0.25, 0.2, 0.15]
        let options = DecodingOptions(exit: rule(thresholds, candidates))
        let tokens = try decodeTogether(sources, options, model)
            .flatMap { $0.hypotheses[0].tokens }
        for token in tokens where token.exitLayer < 5 {
            #expect(exp(Double(token.logProbability)) >= thresholds[token.exitLayer - 1])
        }
        #expect(tokens.contains { (2..<5).contains($0.exitLayer) })
    }

    @Test(
        "lets the first token leave where the exact rule does, or above it",
        arguments: Precision.allCases)
    func isNeverEarlier(precision: Precision) throws {
        let model = try randomModel(precision, vocabulary: 90)
        for threshold in stride(from: 0.05, to: 0.6, by: 0.05) {
            let thresholds = Array(repeating: threshold, count: 4)
            func exits(_ candidates: Int?) throws -> [Int] {
                var options = DecodingOptions(exit: rule(thresholds, candidates))
                options.maximumTokens = 1
                return try decodeTogether(sources, options, model)
                    .map { $0.hypotheses[0].tokens[0].exitLayer }
            }
            #expect(zip(try exits(1), try exits(nil)).allSatisfy { $0 >= $1 }, "\(threshold)")
        }
    }

    @Test("gives a sentence the same alone and among others", arguments: Precision.allCases)
    func isIndependentOfTheBatch(precision: Precision) throws {
        let model = try randomModel(precision, vocabulary: 90)
        for options in searches(rule([0.3, 0.25, 0.2, 0.15], 4)) {
            let together = try decodeTogether(sources, options, model)
            for (source, result) in zip(sources, together) {
                #expect(try decodeTogether([source], options, model) == [result])
            }
        }
    }

    @Test("charges 2 d operations an id, all of them only where they are computed")
    func operations() throws {
        // No id is ever sure, so each token is asked about all ids after layer 2, about 3 after layers 3
        // and 4, and about all again after layer 5.
        let model = try randomModel(.float32, vocabulary: 90, scale: 0.02)
        let thresholds = Array(repeating: 0.9, count: 4)
        func result(_ candidates: Int?) throws -> DecodingResult {
            var options = DecodingOptions(exit: rule(thresholds, candidates, bounds: 2...5))
            options.maximumTokens = 6
            options.minimumTokens = 6
            return try decodeTogether([sources[2]], options, model)[0]
        }
        let exact = try result(nil)
        let some = try result(3)
        #expect(some.hypotheses == exact.hypotheses)
        let saved = exact.operations.executed - some.operations.executed
        #expect(saved == 6 * 2 * (2 * 90 - 2 * 3) * model.configuration.width)
        #expect(some.operations.fullDepth == exact.operations.fullDepth)
    }

    @Test(
        "gives the shipped model the outputs of the exact rule for fewer operations",
        arguments: Precision.allCases, [1, 3])
    func shippedModel(precision: Precision, beam: Int) throws {
        let checkpoint = try Checkpoint(directory: Repository.model)
        let model = try TranslationModel(checkpoint, precision: precision)
        let sources = try Golden("own.json").cases[0].sentences.prefix(12).map(\.sourceIDs)
        func results(_ candidates: Int?) throws -> [DecodingResult] {
            let thresholds = try #require(checkpoint.exits.thresholds[.confidence])
            var options = DecodingOptions(exit: rule(thresholds, candidates))
            options.beamSize = beam
            return try decodeTogether(sources, options, model)
        }
        let exact = try results(nil)
        let some = try results(16)
        #expect(some.map(\.hypotheses) == exact.map(\.hypotheses))
        func executed(_ results: [DecodingResult]) -> Int {
            results.reduce(0) { $0 + $1.operations.executed }
        }
        #expect(Double(executed(some)) < 0.85 * Double(executed(exact)))
    }

    @Test("fails where the network gives something that is not a number")
    func notFinite() throws {
        let model = try randomModel(.float32, vocabulary: 90, scale: 1e30)
        let states = model.encode([sources[0]], scratch: EncoderScratch(for: model))
        let decoder = BatchDecoder(model: model)
        _ = decoder.add(source: states[0], options: .init(exit: rule([1, 1, 1, 1], 8)))
        let finished = decoder.advance()
        #expect(throws: DecodingError.notFinite(layer: 1)) { try finished[0].result.get() }
    }

    @Test("is refused outside its range", arguments: [-1, 0, 65])
    func range(candidates: Int) async {
        await #expect(processExitsWith: .failure) { [candidates] in
            _ = ExitRule(.full, .init(candidates: candidates), layerCount: 2)
        }
    }
}
