/// What differs between families of transformers, beside their sizes.
public struct Architecture: Sendable, Equatable {
    /// Where a layer normalises.
    public enum NormPlacement: Sendable {
        /// Behind the sum of a block and its input (post-norm): LayerNorm(x + f(x)).
        case behindSum
        /// Before a block (pre-norm): x + f(LayerNorm(x)).
        case beforeBlock
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

    /// Where layers normalise.
    public let norms: NormPlacement
    /// Whether each stack ends with a normalisation, which each exit of the decoder has, too.
    public let normalizesEnds: Bool
    /// Whether the sum of embedding and position is normalised.
    public let normalizesEmbeddings: Bool
    /// What tells positions apart.
    public let positions: Positions
    /// Whether the logits have a bias.
    public let hasLogitBias: Bool

    /// Marian as Hugging Face computes it.
    public static let marian = Architecture(
        norms: .behindSum, normalizesEnds: false, normalizesEmbeddings: false,
        positions: .sinusoidal, hasLogitBias: true)

    /// M2M-100 and NLLB-200 (Fan et al., 2020; NLLB Team, 2022).
    public static let m2m100 = Architecture(
        norms: .beforeBlock, normalizesEnds: true, normalizesEmbeddings: false,
        positions: .steppedSinusoidal(offset: 2), hasLogitBias: false)

    /// mBART and mBART-50 (Liu et al., 2020).
    public static let mbart = Architecture(
        norms: .beforeBlock, normalizesEnds: true, normalizesEmbeddings: true,
        positions: .learned(offset: 2), hasLogitBias: true)
}
