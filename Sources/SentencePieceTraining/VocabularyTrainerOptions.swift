extension VocabularyTrainer {
    /// What vocabulary is wanted.
    ///
    /// Defaults are those of the reference implementation, except for `size`, `byteFallback` and
    /// `normalization`.
    public struct Options: Sendable, Equatable {
        /// How pieces are chosen, and later how text is segmented into them.
        public enum Algorithm: String, Sendable, CaseIterable {
            /// The pieces that make the text most probable (Kudo 2018); scores are log
            /// probabilities.
            case unigram
            /// Merges of the most frequent neighbours (Sennrich, Haddow and Birch 2016); scores
            /// are the negative ranks.
            case bpe
        }

        /// What happens to text before it is counted and, in the finished model, segmented.
        public enum Normalization: Sendable, Equatable {
            /// Spaces are trimmed, folded and made visible, one is put in front; characters stay
            /// as they are.
            case identity
            /// As in an existing model, whose serialised bytes these are: its character map (for
            /// example NFKC) and flags are taken over, its pieces are not.
            case sameAs(model: [UInt8])
        }

        /// How unigram estimation proceeds; BPE reads none of it.
        public struct Estimation: Sendable, Equatable {
            /// At most this many frequent substrings are tried as pieces, 1 … 4,000,000.
            public var seedSize = 1_000_000
            /// The part of the pieces that one round keeps, above 0 and below 1.
            public var shrinkingFactor = 0.75
            /// Steps of expectation maximisation in a round, 1 … 100.
            public var stepsPerRound = 2

            /// The defaults.
            public init() {}
        }

        /// How pieces are chosen.
        public var algorithm = Algorithm.unigram
        /// Pieces in the model, special ones and bytes included, 1 … 262,144.
        public var size = 4000
        /// The part of the text's characters that become pieces, above 0 and at most 1.
        ///
        /// The most frequent do; the rest is unknown to the model or spelt in bytes.
        public var characterCoverage = 0.9995
        /// Whether the model spells unknown characters in 256 byte pieces; otherwise `<unk>`
        /// stands for them.
        public var byteFallback = true
        /// The most characters of a learnt piece, its visible space included, 1 … 64.
        public var maximumPieceLength = 16
        /// What happens to text before it is counted and segmented.
        public var normalization = Normalization.identity
        /// How unigram estimation proceeds.
        public var estimation = Estimation()

        /// The defaults: a unigram model of 4,000 pieces.
        public init() {}
    }
}

extension VocabularyTrainer.Options {
    func check() throws(VocabularyTrainingError) {
        try check(.size, Double(size), size >= 1 && size <= 1 << 18)
        try check(
            .characterCoverage, characterCoverage, characterCoverage > 0 && characterCoverage <= 1)
        try check(
            .maximumPieceLength, Double(maximumPieceLength), (1...64).contains(maximumPieceLength))
        try check(
            .seedSize, Double(estimation.seedSize), (1...4_000_000).contains(estimation.seedSize))
        let factor = estimation.shrinkingFactor
        try check(.shrinkingFactor, factor, factor > 0 && factor < 1)
        let steps = estimation.stepsPerRound
        try check(.stepsPerRound, Double(steps), (1...100).contains(steps))
    }

    private func check(
        _ option: VocabularyTrainingError.Option, _ given: Double, _ isValid: Bool
    ) throws(VocabularyTrainingError) {
        if !isValid { throw .optionOutOfRange(option, given: given) }
    }
}
