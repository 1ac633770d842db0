import Checkpoint
import Decoding
import TestSupport
import Testing
import TranslationModel

/// What deciding costs beside the layers that it chooses (method.md §4, 24).
@Suite("Operations of exit policies", .timeLimit(.minutes(10)))
struct OperationCountTests {
    private static let thresholds = [0.9, 0.8, 0.6, 0.3, 0.3]
    /// Policies with the operations, in units of 2 d, of deciding one sentence of N layers.
    private static let policies: [(policy: ExitPolicy, asked: @Sendable ([Int], Int) -> Int)] = [
        (.full, { _, _ in 0 }),
        (.sequence, { _, layerCount in layerCount }),
        (.tokenMultinomial, { exits, layerCount in layerCount * exits.count }),
        (
            .tokenGeometric,
            { exits, layerCount in exits.reduce(0) { $0 + min($1, layerCount - 1) } }
        ),
    ]

    @Test("A policy costs what its exits cost, and each head that it asked", arguments: 0..<4)
    func headsAreCounted(index: Int) throws {
        let model = try TranslationModel(
            Checkpoint(directory: Repository.path("models/multi30k-de-en")))
        let (layerCount, d) = (model.decoderLayerCount, model.configuration.width)
        let (policy, asked) = Self.policies[index]
        for length in [3, 7] {
            let source = (1..<length).map { 300 + 50 * $0 } + [model.configuration.endOfSentenceID]
            var options = DecodingOptions(
                exit: ExitRule(policy, .init(thresholds: Self.thresholds), layerCount: layerCount))
            let chosen = try #require(try decodeTogether([source], options, model).first)
            let exits = chosen.hypotheses[0].tokens.map(\.exitLayer)
            options.givenExits = .listed(exits)
            let given = try #require(try decodeTogether([source], options, model).first)
            #expect(given.hypotheses == chosen.hypotheses)
            #expect(
                chosen.operations.executed == given.operations.executed + 2 * d
                    * asked(exits, layerCount))
            #expect(chosen.operations.fullDepth == given.operations.fullDepth)
        }
    }
}
