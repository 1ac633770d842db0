import Checkpoint
import JSON
import Tensor
import TestSupport
import Training
import TranslationModel

/// Losses, gradients and training curves that an independent implementation in PyTorch gave, in
/// float64 (Tools/training-reference).
struct Reference {
    static let directory = Repository.path("Tests/Golden/training")
    private let root: JSONObject

    init() throws {
        let bytes = try Repository.bytes("Tests/Golden/training/cases.json")
        root = try JSON.parse(bytes).objectValue ?? JSONObject([])
    }

    /// A setting with what it gives.
    struct Case: CustomStringConvertible, Sendable {
        let object: JSONObject
        let pairs: [SentencePair]

        var description: String { object["name"]?.stringValue ?? "" }
        var settings: JSONObject { object["settings"]?.objectValue ?? JSONObject([]) }
        var head: JSONObject? { settings["heads"]?.objectValue }

        func loss(_ name: String) -> Double? { object["loss"]?.objectValue?[name]?.doubleValue }

        /// The mean loss of each exit, the last one last.
        var exitLosses: [Double] {
            object["loss"]?.objectValue?["per_exit"]?.arrayValue?.compactMap(\.doubleValue) ?? []
        }

        /// The loss before each step of a curve.
        var losses: [Double] {
            object["float64"]?.objectValue?["losses"]?.arrayValue?.compactMap(\.doubleValue) ?? []
        }

        /// The gradient of every parameter.
        func gradients() throws -> Weights {
            try Weights(
                safetensors: object["gradients"]?.stringValue ?? "", in: Reference.directory)
        }

        private func text(_ name: String) -> String { settings[name]?.stringValue ?? "" }

        var isFrozen: Bool { head.map { $0["alpha"]?.doubleValue == nil } ?? false }

        /// The network of the case, with the reference's parameters; nil stands for the case's own heads.
        func network(heads given: Set<ExitHead>? = nil) throws -> TrainableNetwork {
            let separate = text("exit_classifiers") == "separate"
            let own = head.flatMap { $0["policy"]?.stringValue }.flatMap(ExitHead.init(rawValue:))
            let heads = given ?? own.map { [$0] } ?? []
            let network = TrainableNetwork(
                try Reference.configuration(
                    activation: text("activation_function"),
                    sharedLayers: settings["shared_layers"]?.boolValue ?? false),
                separateClassifiers: separate, heads: heads)
            try network.load(
                Weights(safetensors: "tiny/model.safetensors", in: Reference.directory),
                exits: Weights(safetensors: "tiny/exits.safetensors", in: Reference.directory))
            network.repack()
            return network
        }

        var objective: Objective {
            var objective = Objective()
            objective.dropout = 0
            objective.labelSmoothing = settings["label_smoothing"]?.doubleValue ?? 0
            let weights: Objective.ExitWeights =
                switch text("exit_weights") {
                case "n": .linear
                case "sqrt_n": .squareRoot
                case "inverse_sqrt_n": .inverseSquareRoot
                case "inverse_n": .inverse
                default: .uniform
                }
            switch text("decoder_training") {
            case "baseline": objective.decoder = .baseline
            case "mixed":
                let sequences = settings["exit_sequences"]?.arrayValue ?? []
                objective.exitSequences = sequences.map { sample in
                    (sample.arrayValue ?? []).flatMap { sentence in
                        (sentence.arrayValue ?? []).compactMap(\.integerValue).map(Int.init)
                    }
                }
                objective.decoder = .mixed(samples: sequences.count)
            default:
                objective.decoder = .aligned(
                    weights: weights,
                    gradientScaling: settings["gradient_scaling"]?.doubleValue ?? 1)
            }
            if let head, let kind = ExitHead(rawValue: head["policy"]?.stringValue ?? ""),
                let oracle = ExitsConfiguration.Oracle(
                    rawValue: head["oracle"]?.stringValue ?? "")
            {
                objective.heads = [
                    .init(
                        head: kind, oracle: oracle, lambda: head["lambda"]?.doubleValue ?? 0,
                        sigma: head["sigma"]?.doubleValue ?? 0)
                ]
                objective.headWeight = head["alpha"]?.doubleValue ?? 1
                objective.headsReachNetwork = !isFrozen
                if isFrozen { objective.decoder = .frozen }
            }
            return objective
        }
    }

    /// The reference's configuration in one of its variants.
    static func configuration(
        activation: String = "relu", sharedLayers: Bool = false,
        norms: Architecture.NormPlacement = .behindSum
    ) throws -> ModelConfiguration {
        let root = try Reference().root
        var members = root["model"]?.objectValue?.members ?? []
        members.removeAll { ["activation_function", "shared_layers"].contains($0.name) }
        members.append(.init("activation_function", .string(activation)))
        members.append(.init("shared_layers", .bool(sharedLayers)))
        for key in ["normalize_before", "add_final_layer_norm"] {
            members.append(.init(key, .bool(norms == .beforeBlock)))
        }
        return try ModelConfiguration(config: JSONObject(members), generation: nil)
    }

    private func cases(_ list: String) -> [Case] {
        let batches = batches
        return (root[list]?.arrayValue ?? []).compactMap(\.objectValue).map { object in
            let batch = object["batch"]?.integerValue.map { batches[Int($0)] }
            return Case(object: object, pairs: batch ?? [])
        }
    }

    static func all(_ list: String = "cases") -> [Case] { (try? Reference().cases(list)) ?? [] }

    /// The batches that cases and curves go through.
    var batches: [[SentencePair]] {
        (root["batches"]?.arrayValue ?? []).map { batch in
            (batch.arrayValue ?? []).compactMap(\.objectValue).map { pair in
                func ids(_ name: String) -> [Int] {
                    (pair[name]?.arrayValue ?? []).compactMap(\.integerValue).map(Int.init)
                }
                return SentencePair(source: ids("source"), target: ids("target"))
            }
        }
    }
}
