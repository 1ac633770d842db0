import Checkpoint
import Testing
import Training
import TranslationModel

@Suite("The first values of a network")
struct InitializationTests {
    private let variant = Tiny.Variant(
        separateClassifiers: true, heads: Set(ExitHead.allCases), seed: 3)

    @Test("follow from the seed")
    func seeds() throws {
        let network = try Tiny.network(variant)
        #expect(try Tiny.network(variant).bits == network.bits)
        var other = variant
        other.seed = 4
        #expect(try Tiny.network(other).bits != network.bits)
    }

    @Test("are zero in the pad's row, in biases and in heads, and one in gains of normalisation")
    func constants() throws {
        let network = try Tiny.network(variant)
        let values = network.values
        let d = network.configuration.width
        for entry in network.layout.entries {
            let own = values[entry.range]
            if entry.name == "model.shared.weight" {
                let pad = try #require(network.configuration.padID)
                #expect(own.dropFirst(pad * d).prefix(d).allSatisfy { $0 == 0 })
                #expect(own.prefix(pad * d).allSatisfy { $0 != 0 })
            } else if entry.name.hasSuffix("norm.weight") {
                #expect(own.allSatisfy { $0 == 1 })
            } else if entry.name.hasSuffix("bias") || isHead(entry.name) {
                #expect(own.allSatisfy { $0 == 0 }, "\(entry.name)")
            }
        }
    }

    @Test("of matrices fill Xavier's range, smaller at the end of residual branches")
    func gains() throws {
        let network = try Tiny.network(variant)
        let values = network.values
        for entry in network.layout.entries
        where entry.name.hasSuffix("weight") && entry.shape.count == 2 && !entry.isExit {
            guard entry.name != "model.shared.weight" else { continue }
            let isQueryOrKey = ["q_proj", "k_proj"].contains { entry.name.contains($0) }
            let bound =
                (6 / Float(entry.shape[0] + entry.shape[1])).squareRoot()
                * (isQueryOrKey ? 1 : 0.5)
            let greatest = values[entry.range].reduce(0) { max($0, abs($1)) }
            // Of 256 or more uniform numbers the greatest misses the bound by a tenth once in 10¹¹.
            #expect(greatest <= bound && greatest > 0.9 * bound, "\(entry.name)")
        }
        let embedding = try #require(network.range("model.shared.weight"))
        let squares = values[embedding].reduce(0) { $0 + $1 * $1 }
        // 624 normal numbers of variance 1/16.
        #expect(abs(squares - 39) < 39 * 0.2)
    }

    @Test("of classifiers of their own are copies of the shared one")
    func classifiers() throws {
        let network = try Tiny.network(variant)
        #expect(try copies(network))
    }

    @Test("taken from a checkpoint without such classifiers are copies of its projection")
    func loading() throws {
        let network = try Tiny.network(variant)
        let before = network.values
        let weights = try Weights(safetensors: "tiny/model.safetensors", in: Reference.directory)
        try network.load(weights, exits: nil)
        #expect(try copies(network))
        let shared = try #require(network.range("model.shared.weight"))
        #expect(
            try Array(network.values[shared])
                == weights.floats(named: "model.shared.weight", shape: [40, 16]))
        for entry in network.layout.entries where isHead(entry.name) {
            #expect(network.values[entry.range] == before[entry.range])
        }
    }

    @Test("taken from a checkpoint of other sizes are refused by the tensor's name")
    func otherSizes() throws {
        let network = TrainableNetwork(
            try Reference.configuration(), heads: Set(ExitHead.allCases))
        let weights = try Weights(safetensors: "tiny/exits.safetensors", in: Reference.directory)
        let error = #expect(throws: CheckpointError.self) {
            try network.load(weights, exits: nil)
        }
        #expect(error?.subject == "model.shared.weight")
    }

    private func isHead(_ name: String) -> Bool {
        name.hasPrefix("exits.") && !name.hasPrefix("exits.classifiers.")
    }

    /// Whether every classifier below the last has the projection's weights and bias.
    private func copies(_ network: TrainableNetwork) throws -> Bool {
        let shared = try #require(network.range("model.shared.weight"))
        let bias = try #require(network.range("final_logits_bias"))
        let values = network.values
        return try [0, 1].allSatisfy { exit in
            let weight = try #require(network.range("exits.classifiers.\(exit).weight"))
            let own = try #require(network.range("exits.classifiers.\(exit).bias"))
            return values[weight].elementsEqual(values[shared])
                && values[own].elementsEqual(values[bias])
        }
    }
}
