import Digest
import JSON
import System

/// What an output that is not full depth's may lose against it, 0 … 1 a sentence.
public enum Risk: String, Sendable, CaseIterable {
    /// 1 where the text is another one.
    case disagreement
    /// 1 − chrF2 / 100, full depth's text being the reference.
    case chrF = "chrf"
    /// How much lower its chrF2 / 100 is than full depth's, both held against a reference; 0 where it is not lower.
    case quality

    /// Whether it needs references.
    public var needsReferences: Bool { self == .quality }
}

/// A rule for leaving early with what was promised of it: with probability 1 − ε over the sentences that it was tested on, the expected loss
/// of a greedy output against full depth's is at most δ on texts of the same source (docs/guarantees.md).
public struct ExitCertificate: Sendable, Equatable {
    /// What is lost.
    public var risk: Risk
    /// δ, above 0 and below 1.
    public var delta: Double
    /// ε, above 0 and below 1.
    public var epsilon: Double
    /// Sentences that it was tested on.
    public var sentences: Int
    /// SHA-256 of the file that they came from, 64 hexadecimal digits.
    public var text: String
    /// `Checkpoint.Checksums.network` of what it was tested with.
    public var network: String
    /// The precision that it was tested in, as `Precision` spells it.
    public var precision: String
    /// Who decides.
    public var policy: ExitPolicy
    /// The layer of a policy that needs one; 0: the side branch.
    public var layer: Int?
    /// τ_n for n = 1 … N − 1 of a policy that takes thresholds.
    public var thresholds: [Double]?
    /// Candidates of a policy that takes them; 0: its exact rule.
    public var candidates: Int?
    /// Operations as a share of full depth's on these sentences.
    public var operations: Double
    /// Mean exit of their tokens, 1 … N.
    public var averageExit: Double

    /// States what was found.
    public init(
        risk: Risk, delta: Double, epsilon: Double, sentences: Int, text: String, network: String,
        precision: String, policy: ExitPolicy, layer: Int?, thresholds: [Double]?,
        candidates: Int?, operations: Double, averageExit: Double
    ) {
        self.risk = risk
        self.delta = delta
        self.epsilon = epsilon
        self.sentences = sentences
        self.text = text
        self.network = network
        self.precision = precision
        self.policy = policy
        self.layer = layer
        self.thresholds = thresholds
        self.candidates = candidates
        self.operations = operations
        self.averageExit = averageExit
    }
}

extension ExitCertificate {
    /// SHA-256 of all that it says, as exits.json spells it, in 64 hexadecimal digits: another network, precision, rule, risk, bound or test gives another one.
    public var digest: String {
        Hexadecimal.text(SHA256.digest(JSON.serialize(.object(json))))
    }

    /// Reads a member of `certificates`.
    init(_ keys: KeyReader, decoderLayers: Int) throws(CheckpointError) {
        let open = Double.leastNonzeroMagnitude...1.0.nextDown
        policy = try keys.required("policy", keys.optionalCase("policy", of: ExitPolicy.self))
        risk = try keys.required("risk", keys.optionalCase("risk", of: Risk.self))
        delta = try keys.required("delta", keys.optionalNumber("delta", in: open))
        epsilon = try keys.required("epsilon", keys.optionalNumber("epsilon", in: open))
        sentences = try keys.integer("sentences", in: 1...Int(Int32.max))
        text = try Self.digest("text", keys)
        network = try Self.digest("network", keys)
        precision = try keys.string("precision")
        layer = try keys.optionalInteger("layer", in: 0...decoderLayers)
        thresholds = try keys.optionalNumbers("thresholds", in: 0...1)
        candidates = try keys.optionalInteger("candidates", in: 0...64)
        operations = try keys.required(
            "operations", keys.optionalNumber("operations", in: 0...1))
        averageExit = try keys.required(
            "average_exit", keys.optionalNumber("average_exit", in: 1...Double(decoderLayers)))
        guard (layer != nil) == policy.needsLayer else {
            throw keys.fault(
                .unsupportedValue, "layer", found: layer == nil ? "none" : "one",
                expected: "a layer for fixed, none for another policy")
        }
        let count = policy.thresholds == nil ? nil : decoderLayers - 1
        guard thresholds?.count == count else {
            throw keys.fault(
                .outOfRange, "thresholds", found: "\(thresholds?.count ?? 0) thresholds",
                expected:
                    "\(count ?? 0), one for each layer below the last where the policy takes them")
        }
    }

    private static func digest(_ key: String, _ keys: KeyReader) throws(CheckpointError) -> String {
        let value = try keys.string(key)
        guard value.utf8.count == 64, value.allSatisfy(\.isHexDigit) else {
            throw keys.fault(
                .unsupportedValue, key, found: "something else",
                expected: "a SHA-256 in 64 hexadecimal digits")
        }
        return value
    }

    /// The object of exits.json.
    var json: JSONObject {
        var members: [JSONObject.Member] = [
            .init("risk", .string(risk.rawValue)), .init("delta", .number(delta)),
            .init("epsilon", .number(epsilon)), .init("policy", .string(policy.rawValue)),
        ]
        if let layer { members.append(.init("layer", .integer(Int64(layer)))) }
        if let thresholds {
            members.append(.init("thresholds", .array(thresholds.map(JSONValue.number))))
        }
        if let candidates { members.append(.init("candidates", .integer(Int64(candidates)))) }
        members += [
            .init("operations", .number(operations)), .init("average_exit", .number(averageExit)),
            .init("precision", .string(precision)), .init("sentences", .integer(Int64(sentences))),
            .init("text", .string(text)), .init("network", .string(network)),
        ]
        return JSONObject(members)
    }
}
