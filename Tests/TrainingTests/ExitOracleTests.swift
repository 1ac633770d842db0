import Checkpoint
import JSON
import TestSupport
import Testing
import Training
import TranslationModel

/// Choices of an independent implementation for the reference's network.
private struct Pinned: Sendable {
    let batch: Int
    let head: Objective.Head
    /// By sentence, then by position; one for a whole sentence; 0 where rounding decides.
    let exits: [[Int]]
    /// The variant of the network.
    let reference: Reference.Case
    /// Names the variant.
    let variant: String

    init?(_ object: JSONObject) {
        guard let batch = object["batch"]?.integerValue,
            let oracle = ExitsConfiguration.Oracle(rawValue: object["oracle"]?.stringValue ?? ""),
            let lambda = object["lambda"]?.doubleValue, let sigma = object["sigma"]?.doubleValue,
            let exits = object["exits"]?.arrayValue
        else { return nil }
        self.batch = Int(batch)
        head = .init(
            head: object["policy"]?.stringValue == "sequence" ? .sequence : .tokenMultinomial,
            oracle: oracle, lambda: lambda, sigma: sigma)
        self.exits = exits.map { exit in
            (exit.arrayValue ?? [exit]).compactMap(\.integerValue).map(Int.init)
        }
        let settings = JSONObject([.init("settings", .object(object))])
        reference = Reference.Case(object: settings, pairs: [])
        variant = object["exit_classifiers"]?.stringValue ?? ""
    }

    static func all() throws -> [Pinned] {
        let bytes = try Repository.bytes("Tests/Golden/training/cases.json")
        let list = try JSON.parse(bytes).objectValue?["oracles"]?.arrayValue ?? []
        return list.compactMap(\.objectValue).compactMap(Pinned.init)
    }
}

@Suite("Oracles of exits")
struct ExitOracleTests {
    @Test("choose as an independent implementation does, in every sentence of the reference")
    func pinned() throws {
        let batches = try Reference().batches
        let all = try Pinned.all()
        #expect(all.count == 144)
        let groups = Dictionary(grouping: all) { [String($0.batch), $0.variant] }
        for group in groups.values {
            let network = try group[0].reference.network(heads: [.sequence, .tokenMultinomial])
            var objective = Tiny.objective(.frozen)
            objective.heads = group.map(\.head)
            let batch = BatchGradient(network, objective, threads: 1, pieces: 1)
            for (sentence, pair) in batches[group[0].batch].enumerated() {
                let result = batch.run([pair], seed: 1, step: 1)
                for (index, pinned) in group.enumerated() {
                    let exits = pinned.exits[sentence]
                    #expect(result.oracleCounts[index] == exits.count)
                    let rest = result.oracleExits[index] - exits.reduce(0, +)
                    let free = exits.count { $0 == 0 }
                    #expect((free...3 * free).contains(rest), "\(sentence), \(pinned.head)")
                }
            }
        }
    }

    /// Three exits, four positions; the target is id 1.
    private let record = ExitOracle.Sentence(
        logProbabilities: [[-1, -5, -2, -3], [-2, -1, -2, -3], [-3, -1, -1, -3]],
        best: [[1, 2, 2, 2], [1, 1, 2, 3], [2, 1, 1, 3]], targets: [1, 1, 1, 1])

    private func exits(
        _ oracle: ExitsConfiguration.Oracle, lambda: Double = 0, sigma: Double = 0
    ) -> [Int] {
        ExitOracle(oracle, lambda: lambda, sigma: sigma).tokenExits(record)
    }

    @Test("take the best exit of each position, the lowest among equals")
    func tokens() {
        #expect(exits(.likelihood) == [1, 2, 3, 1])
        #expect(exits(.correctness) == [1, 2, 3, 1])
        #expect(exits(.agreement) == [3, 2, 3, 2])
    }

    @Test("charge λ for every layer")
    func price() {
        #expect(exits(.likelihood, lambda: 0.9) == [1, 2, 1, 1])
        #expect(exits(.likelihood, lambda: 10) == [1, 1, 1, 1])
        #expect(exits(.correctness, lambda: 0.4) == [1, 2, 3, 1])
        #expect(exits(.correctness, lambda: 0.5) == [1, 2, 1, 1])
    }

    @Test("smooth over the sentence with a width σ, and not at all with σ = 0")
    func smoothing() {
        #expect(exits(.smoothedLikelihood) == exits(.likelihood))
        #expect(exits(.smoothedCorrectness) == exits(.correctness))
        // A kernel so wide that all positions share one choice: that of the sentence.
        let oracle = ExitOracle(.smoothedLikelihood, lambda: 0, sigma: 1e30)
        let whole = oracle.sequenceExit(record)
        #expect(whole == 2)
        #expect(oracle.tokenExits(record) == Array(repeating: whole, count: 4))
    }

    @Test("choose for a sentence by the sum over its positions")
    func sequence() {
        #expect(ExitOracle(.likelihood, lambda: 0, sigma: 0).sequenceExit(record) == 2)
        #expect(ExitOracle(.likelihood, lambda: 4, sigma: 0).sequenceExit(record) == 1)
        #expect(ExitOracle(.correctness, lambda: 0, sigma: 0).sequenceExit(record) == 2)
    }

    @Test("tell where exits below the last agree with it")
    func agreement() {
        #expect(
            ExitOracle.agreement(record) == [
                [false, false, false, false], [false, true, false, true],
            ])
    }
}
