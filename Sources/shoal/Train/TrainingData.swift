import Checkpoint
import Configuration
import Digest
import Glibc
import JSON
import SentencePiece
import SentencePieceTraining
import System
import TextFiles
import Tokenization
import Training

/// What a training begins with: sentences as ids, the vocabulary, the sizes of the network.
struct TrainingData {
    private(set) var training: [SentencePair] = []
    private(set) var validation: [SentencePair] = []
    /// Pairs of the training set and of the validation set that were too long.
    private(set) var leftOut = (training: 0, validation: 0)
    let configuration: ModelConfiguration
    let files: ModelFiles
    /// The checkpoint to start from.
    let start: Checkpoint?
    /// Digests of the texts and of the vocabulary, which a run is bound to.
    private(set) var contents: [(name: String, digest: [UInt8])] = []

    /// Reads everything, learning a vocabulary where none is given and the run has none yet.
    ///
    /// - Parameters:
    ///   - settings: of the run.
    ///   - store: of the vocabulary that the run has learnt.
    ///   - report: told what takes long.
    /// - Throws: `Failure` that names the file, the line or the key at fault.
    init(
        _ settings: TrainingSettings, _ store: VocabularyStore, report: (String) -> Void
    ) throws {
        let training = try ParallelText(settings.trainingSource, settings.trainingTarget)
        let validation = try ParallelText(settings.validationSource, settings.validationTarget)
        let start = try Self.checkpoint(settings.startFrom)
        let given = try start ?? Self.checkpoint(settings.vocabularyFrom)
        let pieces = try Self.vocabulary(given, settings, training, store, report)
        guard let padID = pieces.vocabulary.padID else {
            throw Failure(
                "\(settings.vocabularyFrom): the vocabulary has no <pad>", code: EX_DATAERR)
        }
        let config = start.map { $0.directory + "/config.json" }
        let bytes =
            try config.map { try readBytes($0) }
            ?? settings.model.sizes.configuration(
                vocabulary: pieces.vocabulary.size,
                endOfSentenceID: pieces.vocabulary.endOfSentenceID, padID: padID,
                dropout: settings.objective.dropout)
        do {
            guard let object = try JSON.parse(bytes).objectValue else { throw Failure("") }
            configuration = try ModelConfiguration(config: object, generation: nil)
        } catch {
            throw Failure("the sizes of the model: \(error)", code: EX_CONFIGURATION)
        }
        self.start = start
        contents = [
            ("data.train.source", Self.digest(training.sources)),
            ("data.train.target", Self.digest(training.references)),
            ("data.validation.source", Self.digest(validation.sources)),
            ("data.validation.target", Self.digest(validation.references)),
            ("vocabulary", SHA256.digest(pieces.models.source + pieces.models.target)),
            ("config.json", SHA256.digest(bytes)),
        ]
        let limit = min(settings.maximumTokens, configuration.maximumPositions)
        func encode(_ lines: ParallelText) -> [SentencePair] {
            zip(lines.sources, lines.references).map {
                SentencePair(
                    source: pieces.tokenizer.encode($0), target: pieces.tokenizer.encodeTarget($1))
            }
        }
        func fits(_ pair: SentencePair) -> Bool {
            pair.source.count <= limit && pair.target.count <= limit
        }
        self.training = encode(training).filter(fits)
        self.validation = encode(validation).filter(fits)
        files = ModelFiles(
            configuration: bytes, vocabulary: pieces.file,
            tokenizer: configuration.tokenizerFile(
                source: settings.sourceLanguage, target: settings.targetLanguage,
                maximumLength: Self.usualLength(self.training),
                completesSentences: settings.completesSentences
                    || start?.tokenizer.completesSentences == true),
            models: pieces.models,
            exits: start?.exits ?? ExitsConfiguration(decoderLayers: configuration.decoder.layers),
            truecaser: start?.truecaser)
        leftOut = (
            training.sources.count - self.training.count,
            validation.sources.count - self.validation.count
        )
        guard !self.validation.isEmpty else {
            throw Failure(
                "\(settings.validationSource): no sentence has at most \(limit) tokens",
                code: EX_DATAERR)
        }
    }

    /// The length of source that one pair in a hundred passes: what is longer was hardly seen, and is badly translated.
    private static func usualLength(_ pairs: [SentencePair]) -> Int {
        let lengths = pairs.map(\.source.count).sorted()
        return lengths.isEmpty ? 2 : max(2, lengths[(lengths.count - 1) * 99 / 100])
    }

    /// Of a text's lines, however they end in the file.
    private static func digest(_ lines: [String]) -> [UInt8] {
        var digest = SHA256()
        for line in lines {
            Array((line + "\n").utf8).withUnsafeBytes { digest.update($0) }
        }
        return digest.finalize()
    }

    private static func checkpoint(_ directory: String) throws -> Checkpoint? {
        guard !directory.isEmpty else { return nil }
        do {
            let checkpoint = try Checkpoint(directory: directory)
            guard checkpoint.configuration.isTrainable else {
                throw Failure(
                    "\(directory): training takes a checkpoint with the model_type marian that decodes from a pad id, with attention in the decoder, "
                        + "sinusoidal positions, a bias of logits and no normalised embeddings",
                    code: EX_DATAERR)
            }
            guard !checkpoint.tokenizer.separateVocabularies else {
                throw Failure(
                    "\(directory)/tokenizer_config.json: separate_vocabs is true; training takes a "
                        + "checkpoint with one vocabulary for both sides", code: EX_DATAERR)
            }
            return checkpoint
        } catch let error as CheckpointError {
            throw Failure("\(directory): \(error)", code: EX_DATAERR)
        }
    }

    /// Refuses sizes of a new network that do not go together, by the names of their settings.
    static func checkSizes(_ settings: TrainingSettings) throws {
        guard settings.startFrom.isEmpty else { return }
        let size = max(settings.vocabulary.size, 8)
        let bytes = settings.model.sizes.configuration(
            vocabulary: size, endOfSentenceID: 0, padID: size - 1,
            dropout: settings.objective.dropout)
        do {
            guard let object = try JSON.parse(bytes).objectValue else { return }
            _ = try ModelConfiguration(config: object, generation: nil)
        } catch let error as CheckpointError {
            let key = error.subject.flatMap { sizeSettings[$0] } ?? "model"
            throw Failure(
                "\(key): found \(error.found); expected \(error.expected)"
                    + (error.subject.map { " (\($0) of config.json)" } ?? ""),
                code: EX_CONFIGURATION)
        }
    }

    /// The setting behind each key of config.json.
    private static let sizeSettings = [
        "d_model": "model.width", "encoder_attention_heads": "model.heads",
        "decoder_attention_heads": "model.heads", "encoder_layers": "model.encoder_layers",
        "decoder_layers": "model.decoder_layers", "encoder_ffn_dim": "model.feed_forward_width",
        "decoder_ffn_dim": "model.feed_forward_width", "vocab_size": "vocabulary.size",
        "max_position_embeddings": "model.max_positions",
    ]

    private static func vocabulary(
        _ given: Checkpoint?, _ settings: TrainingSettings, _ text: ParallelText,
        _ store: VocabularyStore, _ report: (String) -> Void
    ) throws -> TrainingVocabulary {
        if let given { return try TrainingVocabulary(given) }
        return try TrainingVocabulary(
            learnt: store.model { try learn(settings, text, report) })
    }

    private static func learn(
        _ settings: TrainingSettings, _ text: ParallelText, _ report: (String) -> Void
    ) throws -> [UInt8] {
        report("learning a vocabulary of \(settings.vocabulary.size) pieces")
        var options = settings.vocabulary
        if !settings.normalizerFrom.isEmpty {
            options.normalization = .sameAs(model: try readBytes(settings.normalizerFrom))
        }
        do {
            return try VocabularyTrainer(options: options)
                .train(on: text.sources + text.references)
        } catch {
            throw Failure("vocabulary: \(error)", code: EX_CONFIGURATION)
        }
    }
}
