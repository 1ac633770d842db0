public import Checkpoint
import Decoding
public import Tensor
public import Tokenization
public import TranslationModel

/// A loaded checkpoint with all that answering a request takes: immutable, shared by all workers.
public final class ServedModel: Sendable {
    /// The name that requests use: the checkpoint's directory name unless configured.
    public let id: String
    /// `Checkpoint.checksum()` of what was loaded.
    public let checksum: String
    /// What was read from the directory.
    public let checkpoint: Checkpoint
    /// Text to ids and back.
    public let tokenizer: Tokenizer
    /// The network.
    public let network: TranslationModel

    /// Loads a checkpoint directory.
    ///
    /// - Parameters:
    ///   - directory: path of the checkpoint.
    ///   - id: name of the model; nil takes the directory's name, and for the `model` of a training run that
    ///     of the run.
    ///   - precision: of the network's matrix products.
    /// - Throws: `CheckpointError` or `SentencePieceError`, which say what does not fit.
    public init(
        directory: String, id: String? = nil, precision: Precision = .float32
    ) throws {
        checkpoint = try Checkpoint(directory: directory)
        tokenizer = try Tokenizer(checkpoint)
        network = try TranslationModel(checkpoint, precision: precision)
        // Last, so that weights which were written to while they were read are found out.
        checksum = try checkpoint.checksum()
        self.id = id ?? Self.name(of: directory)
    }

    private static func name(of path: String) -> String {
        let names = path.split(separator: "/").filter { $0 != "." }.suffix(2).map(String.init)
        let own = names.last ?? "model"
        guard own == "model", names.count == 2, names[0] != ".." else { return own }
        return names[0]
    }

    /// N, the number of decoder layers.
    public var layerCount: Int { network.decoderLayerCount }

    /// The language pair, where tokenizer_config.json names it.
    public var languages: (source: String?, target: String?) {
        (checkpoint.tokenizer.sourceLanguage, checkpoint.tokenizer.targetLanguage)
    }

    /// The most tokens of a source that is translated as it is, end of sentence included.
    ///
    /// - Parameter limit: the most that are allowed.
    /// - Returns: no more than the model has positions.
    public func longestSource(_ limit: Int) -> Int {
        min(limit, checkpoint.configuration.maximumPositions)
    }

    /// The same of a sentence in a text that is taken apart: what is longer is parted.
    ///
    /// - Parameter limit: the most that are allowed.
    /// - Returns: no more than the model is good for (`model_max_length`).
    public func longestSentence(_ limit: Int) -> Int {
        min(longestSource(limit), checkpoint.tokenizer.maximumLength ?? .max)
    }

    /// The policy where a request names none; full depth where the default's heads are missing.
    public var defaultPolicy: ExitPolicy {
        let policy = checkpoint.exits.defaultPolicy
        return missingHead(policy) == nil ? policy : .full
    }

    /// The tensor that a policy needs and the checkpoint lacks.
    ///
    /// - Parameter policy: any policy.
    /// - Returns: its name, nil where the policy can be used.
    public func missingHead(_ policy: ExitPolicy) -> String? {
        guard let head = policy.head, !network.availableHeads.contains(head) else { return nil }
        return head.weightName
    }

    /// Thresholds of a policy where a request gives none, N − 1 of them; nil for policies without.
    public func thresholds(_ policy: ExitPolicy) -> [Double]? {
        checkpoint.exits.thresholds[policy]
    }
}
