import Calibration
import Checkpoint
import Decoding
import Evaluation
import TestSupport
import Testing
import TranslationModel

/// The shipped model with the first golden sentences, their golden ids standing for references.
private struct Fixture {
    let model: TranslationModel
    let sources: [[Int]]
    let references: [String]

    init(sentences: Int) throws {
        model = try TranslationModel(Checkpoint(directory: Repository.model))
        let golden = try Golden("own.json").cases[0].sentences.prefix(sentences)
        sources = golden.map(\.sourceIDs)
        references = golden.map { text($0.targetIDs) }
    }

    /// Measures the thresholds of `confidence` unless told.
    func meter(
        _ policy: ThresholdPolicy = ThresholdPolicy.allCases[0], workers: Int = 2
    ) -> ThresholdMeter {
        let references = references
        let sentences = ThresholdMeter.Sentences(sources: sources) { index, ids in
            BLEU().statistics(hypothesis: text(ids), reference: references[index])
        }
        return ThresholdMeter(
            model: model, policy: policy, sentences: sentences, workers: workers)
    }

    /// What decoding gives, without any memory of earlier draws.
    func decode(
        _ policy: ExitPolicy, _ thresholds: [Double] = []
    ) throws -> (bleu: Double, averageExit: Double) {
        let rule = ExitRule(
            policy, .init(thresholds: thresholds), layerCount: model.decoderLayerCount)
        let states = model.encode(sources, scratch: EncoderScratch(for: model))
        let decoder = BatchDecoder(model: model)
        let tickets = states.map { decoder.add(source: $0, options: .init(exit: rule)) }
        var outputs: [Int: [DecodedToken]] = [:]
        while decoder.sentenceCount > 0 {
            for (ticket, result) in decoder.advance() {
                outputs[ticket] = try result.get().hypotheses[0].tokens
            }
        }
        let tokens = tickets.map { outputs[$0] ?? [] }
        let bleu = try BLEU().score(
            hypotheses: tokens.map { text($0.map(\.id)) }, references: references)
        let exits = tokens.joined().map(\.exitLayer)
        return (bleu, Double(exits.reduce(0, +)) / Double(exits.count))
    }
}

/// Ids as words: BLEU needs no detokenisation to be compared.
private func text(_ ids: [Int]) -> String { ids.map(String.init).joined(separator: " ") }

@Suite("What thresholds come to")
struct ThresholdMeterTests {
    @Test(
        "Replayed or decoded, every measurement is what decoding gives",
        arguments: ThresholdPolicy.allCases)
    func exact(policy: ThresholdPolicy) throws {
        let fixture = try Fixture(sentences: 6)
        let meter = fixture.meter(policy)
        var random = SeededGenerator(seed: 7)
        var draws = (0..<8).map { _ in
            (0..<5).map { _ in Double.random(in: 0...1, using: &random) }
        }
        draws += [[0, 0, 0, 0, 0], [1, 1, 0.5, 0, 0], [1, 1, 1, 1, 1]]
        for thresholds in draws {
            let measured = try meter.measure(thresholds)
            let decoded = try fixture.decode(policy.policy, thresholds)
            #expect(measured.bleu == decoded.bleu)
            #expect(measured.averageExit == decoded.averageExit)
        }
    }

    @Test("What has been decoded once is replayed, also under other thresholds of the same exits")
    func replays() throws {
        let fixture = try Fixture(sentences: 4)
        let meter = fixture.meter(workers: 1)
        let thresholds = [0.8, 0.7, 0.6, 0.5, 0.4]
        let first = try meter.measure(thresholds)
        #expect(first.decodedSentences == 4)
        let again = try meter.measure(thresholds)
        #expect(again.decodedSentences == 0)
        #expect(again.bleu == first.bleu && again.averageExit == first.averageExit)
        let near = try meter.measure(thresholds.map { $0 + 1e-9 })
        #expect(near.decodedSentences == 0)
    }

    @Test(
        "The full-depth trace has full depth's BLEU, and guesses full depth exactly",
        arguments: ThresholdPolicy.allCases)
    func trace(policy: ThresholdPolicy) throws {
        let fixture = try Fixture(sentences: 4)
        let meter = fixture.meter(policy)
        let trace = try meter.traceFullDepth()
        #expect(try trace.bleu == fixture.decode(.full).bleu)
        let never = trace.estimate([1.1, 1.1, 1.1, 1.1, 1.1])
        #expect(never == .init(averageExit: 6, agreement: 1))
        let always = trace.estimate([0, 0, 0, 0, 0])
        #expect(always.averageExit == 1 && always.agreement < 1)
    }

    @Test("The number of workers changes nothing")
    func workers() throws {
        let fixture = try Fixture(sentences: 5)
        let thresholds = [0.5, 0.6, 0.7, 0.8, 0.9]
        let one = try fixture.meter(workers: 1).measure(thresholds)
        #expect(try fixture.meter(workers: 9).measure(thresholds) == one)
    }
}

@Suite("A network that overflows")
struct OverflowTests {
    @Test("It ends a measurement with the layer", arguments: ThresholdPolicy.allCases)
    func notFinite(policy: ThresholdPolicy) throws {
        var options = CheckpointWriter.Options()
        options.scale = 1e30
        let directory = try TemporaryDirectory()
        try CheckpointWriter(options).write(to: directory)
        let model = try TranslationModel(Checkpoint(directory: directory.path))
        let sentences = ThresholdMeter.Sentences(sources: [[5, 6, 0]]) { _, _ in .init() }
        let meter = ThresholdMeter(model: model, policy: policy, sentences: sentences, workers: 1)
        #expect(throws: DecodingError.self) { try meter.measure([0.5, 0.5]) }
        #expect(throws: DecodingError.self) { try meter.traceFullDepth() }
    }
}
