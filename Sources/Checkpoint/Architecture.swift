/// What differs between families of transformers, beside their sizes.
public struct Architecture: Sendable, Equatable {
    /// Where a layer normalises.
    public enum NormPlacement: String, Sendable, CaseIterable {
        /// Behind the sum of a block and its input (post-norm): LayerNorm(x + f(x)).
        case behindSum = "post"
        /// Before a block (pre-norm): x + f(LayerNorm(x)).
        case beforeBlock = "pre"
    }

    /// What is added to embeddings to tell positions apart.
    public enum Positions: Sendable, Equatable {
        /// sin(p / 10000^(2k/d)) in the first half of a row and the cosine in the second, k = 0 … d/2 − 1.
        case sinusoidal
        /// The same with 10000^(k/(d/2 − 1)), position p in the place of p + `offset`.
        case steppedSinusoidal(offset: Int)
        /// A row of a tensor for each position, the first at `offset`.
        case learned(offset: Int)
    }

    /// What a decoder layer knows the positions before by.
    public enum DecoderCell: String, Sendable, CaseIterable {
        /// Attention to all of them.
        case attention
        /// A simpler simple recurrent unit (Kim et al., 2019): c = f ⊙ c' + (1 − f) ⊙ W x with f = σ(W_f x + b_f), c' the cell of the position
        /// before, and max(c, 0) in the place of what attention gives.
        case ssru
    }

    /// Where layers normalise.
    public var norms = NormPlacement.behindSum
    /// Whether each stack ends with a normalisation, which each exit of the decoder has, too.
    public var normalizesEnds = false
    /// Whether the sum of embedding and position is normalised.
    public var normalizesEmbeddings = false
    /// What is added to the variance of all normalisations.
    public var normEpsilon: Float = 1e-5
    /// What tells positions apart.
    public var positions = Positions.sinusoidal
    /// What a decoder layer knows the positions before by.
    public var cell = DecoderCell.attention
    /// Whether the logits have a bias.
    public var hasLogitBias = true

    /// Marian as Hugging Face computes it.
    public static let marian = Architecture()

    /// M2M-100 and NLLB-200 (Fan et al., 2020; NLLB Team, 2022).
    public static let m2m100 = Architecture(
        norms: .beforeBlock, normalizesEnds: true, positions: .steppedSinusoidal(offset: 2),
        hasLogitBias: false)

    /// mBART and mBART-50 (Liu et al., 2020).
    public static let mbart = Architecture(
        norms: .beforeBlock, normalizesEnds: true, normalizesEmbeddings: true,
        positions: .learned(offset: 2))
}
