public import Checkpoint

extension ModelConfiguration {
    /// Whether a `TrainableNetwork` computes it: Marian's family as Hugging Face has it, with the normalisations where they may be, and one
    /// vocabulary that holds a pad id, from which decoding starts.
    public var isTrainable: Bool {
        var other = architecture
        other.norms = Architecture.marian.norms
        other.normalizesEnds = Architecture.marian.normalizesEnds
        return other == .marian && padID != nil && decoderStartID != nil
    }

    /// What decoding starts from.
    var trainedStartID: Int { required(decoderStartID) }

    /// The id whose embedding is zero and is never learnt.
    var trainedPadID: Int { required(padID) }

    private func required(_ id: Int?) -> Int {
        guard let id else { preconditionFailure("a network that is not trained") }
        return id
    }
}
