import SentencePiece

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A piece under estimation.
struct UnigramPiece {
    var text: [UInt8]
    /// A log probability, except in a seed: there it is proportional to a probability.
    var score: Double
    /// Single characters stay whatever their probability, so that every text has a segmentation.
    var isCharacter: Bool
}

/// Pieces with their trie, whose values are indices of `pieces`.
struct UnigramModel {
    let pieces: [UnigramPiece]
    let scores: [Double]
    let trie: ByteTrie

    init(_ pieces: [UnigramPiece]) {
        self.pieces = pieces
        scores = pieces.map(\.score)
        var builder = ByteTrieBuilder()
        for (index, piece) in pieces.enumerated() {
            _ = builder.insert(piece.text, value: index)
        }
        trie = builder.build()
    }

    init(normalizing seeds: [UnigramPiece]) {
        let logSum = log(seeds.reduce(0) { $0 + $1.score })
        self.init(
            seeds.map { seed in
                var piece = seed
                piece.score = log(seed.score) - logSum
                return piece
            })
    }
}

/// The derivative of the logarithm of the gamma function, for x > 0.
///
/// Small arguments are raised by ψ(x) = ψ(x + 1) − 1/x to where the asymptotic series is exact to
/// 10⁻¹⁰ (Abramowitz and Stegun, 6.3.5 and 6.3.18).
func digamma(_ x: Double) -> Double {
    var (x, shift) = (x, 0.0)
    while x < 10 {
        shift -= 1 / x
        x += 1
    }
    let inverse = 1 / (x * x)
    let series = inverse * (1.0 / 12 - inverse * (1.0 / 120 - inverse * (1.0 / 252)))
    return shift + log(x) - 0.5 / x - series
}
