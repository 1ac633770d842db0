/// Learns a vocabulary from text and writes it as a SentencePiece model.
///
/// The pieces come from the words of the text, which are the stretches between spaces, each with
/// the space in front of it. No piece holds characters of two scripts, or letters beside digits or
/// punctuation; combining marks go with what they follow. Training runs on the calling thread and
/// is deterministic: the same sentences and options give the same bytes.
///
/// The model begins with `<unk>` (id 0), `<s>` (1) and `</s>` (2), then come the 256 byte pieces
/// where they are wanted, then the learnt pieces from the best score to the worst.
public struct VocabularyTrainer: Sendable {
    /// Pieces every model has: `<unk>`, `<s>` and `</s>`.
    static let specialPieces = ["<unk>", "<s>", "</s>"]

    private let options: Options

    /// What training reports while it runs; the numbers of pieces are those of learnt ones.
    public enum Progress: Sendable, Equatable {
        /// The text has been read: its words, how many are different, and the characters that
        /// become pieces.
        case counted(words: Int, distinctWords: Int, characters: Int)
        /// A step of unigram estimation: the pieces it leaves, and the logarithm of the text's
        /// probability before it, in nats per word.
        case estimated(pieces: Int, logLikelihood: Double)
        /// BPE has merged this many pairs to pieces of their own; reported every 100 merges.
        case merged(pieces: Int)
    }

    /// A trainer with these options, which `train(on:progress:)` checks.
    public init(options: Options = Options()) {
        self.options = options
    }

    /// Learns the vocabulary of `sentences`.
    ///
    /// Memory is linear in the bytes of the distinct words, and so is each of the some twenty to
    /// forty passes of unigram estimation; BPE takes n log n time.
    /// - Parameters:
    ///   - sentences: the text, in any cut; only spaces in it matter.
    ///   - progress: called on this thread as the training goes on.
    /// - Returns: the bytes of a `.spm` file, a serialised `sentencepiece.ModelProto`.
    /// - Throws: which option is out of its range, or why the text and the options do not fit.
    public func train(
        on sentences: [String], progress: (Progress) -> Void = { _ in }
    ) throws(VocabularyTrainingError) -> [UInt8] {
        try options.check()
        let spec = try NormalizerSource(options.normalization)
        let text = TrainingText(
            sentences, normalizer: spec.normalizer, coverage: options.characterCoverage)
        let size = try learntSize(of: text)
        progress(
            .counted(
                words: text.wordCount, distinctWords: text.distinctWordCount,
                characters: text.characters.count))
        let pieces = try learn(text, size: size, progress)
        return ModelWriter(options: options, normalizerSpec: spec.message).bytes(learnt: pieces)
    }

    /// How many pieces are to be learnt.
    private func learntSize(of text: TrainingText) throws(VocabularyTrainingError) -> Int {
        guard !text.isBlank else { throw .noText }
        let fixed = Self.specialPieces.count + (options.byteFallback ? 256 : 0)
        guard options.size >= fixed + text.characters.count else {
            throw .sizeTooSmall(
                given: options.size, fixed: fixed, characters: text.characters.count)
        }
        return options.size - fixed
    }

    private func learn(
        _ text: TrainingText, size: Int, _ progress: (Progress) -> Void
    ) throws(VocabularyTrainingError) -> [LearntPiece] {
        let pieces =
            switch options.algorithm {
            case .unigram: UnigramTrainer(text, options).pieces(atMost: size, progress)
            case .bpe:
                BPETrainer(text, maximumLength: options.maximumPieceLength)
                    .pieces(atMost: size, progress)
            }
        guard pieces.count == size else {
            throw .sizeTooLarge(
                given: options.size, largest: options.size - size + pieces.count)
        }
        return pieces
    }
}

/// A piece and its score as they go into the model.
struct LearntPiece {
    var text: [UInt8]
    var score: Float
}
