import SentencePiece

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Estimates a unigram model by expectation maximisation (Kudo 2018, section 3.2).
///
/// From many seed pieces the least useful are dropped round by round until the wanted number is
/// left.
struct UnigramTrainer {
    /// Pieces that are expected to occur less often than this are dropped, characters counted up
    /// to it.
    private static let leastExpectation = 0.5
    /// Rounds end a little above the wanted size; the last pieces go by their probability.
    private static let surplus = 1.1

    private let text: TrainingText
    private let estimation: VocabularyTrainer.Options.Estimation
    private let seeds: [UnigramPiece]

    init(_ text: TrainingText, _ options: VocabularyTrainer.Options) {
        self.text = text
        estimation = options.estimation
        let characters = text.characters.map { character in
            UnigramPiece(
                text: Array(String(character.scalar).utf8), score: Double(character.count),
                isCharacter: true)
        }
        let substrings = SeedPieces(text, maximumLength: options.maximumPieceLength)
        seeds = characters + substrings.best(options.estimation.seedSize)
    }

    /// The most probable pieces, the best first; fewer than `size` where the text has no more.
    ///
    /// A smaller size can drop other pieces on the way. What comes back short is therefore a size
    /// that has been tried and was filled.
    func pieces(
        atMost size: Int, _ progress: (VocabularyTrainer.Progress) -> Void
    ) -> [LearntPiece] {
        var wanted = size
        while true {
            let pieces = estimate(size: wanted, progress)
            if pieces.count == wanted { return pieces }
            wanted = pieces.count
        }
    }

    private func estimate(
        size: Int, _ progress: (VocabularyTrainer.Progress) -> Void
    ) -> [LearntPiece] {
        let surplus = Int(Double(size) * Self.surplus)
        var model = UnigramModel(normalizing: seeds)
        while true {
            for _ in 0..<estimation.stepsPerRound {
                let (expected, logLikelihood) = expectations(of: model)
                model = Self.maximize(model, expected)
                progress(
                    .estimated(pieces: model.pieces.count, logLikelihood: logLikelihood))
            }
            if model.pieces.count <= surplus { break }
            model = prune(model, to: surplus)
        }
        return Self.final(model, size: size)
    }

    /// How often each piece is expected in the text, and the text's log-likelihood per word.
    private func expectations(of model: UnigramModel) -> ([Double], Double) {
        var expected = [Double](repeating: 0, count: model.pieces.count)
        var lattice = UnigramLattice()
        var logLikelihood = 0.0
        for unit in text.units {
            let count = Double(unit.count)
            lattice.fill(with: unit.text, from: model.trie)
            logLikelihood +=
                count
                * lattice.addExpectations(times: count, scores: model.scores, to: &expected)
        }
        return (expected, logLikelihood / Double(text.wordCount))
    }

    /// The variational M-step, whose digamma acts as a sparse prior (Liang and Klein 2007).
    private static func maximize(_ model: UnigramModel, _ expected: [Double]) -> UnigramModel {
        var kept: [UnigramPiece] = []
        var sum = 0.0
        for (var piece, count) in zip(model.pieces, expected)
        where piece.isCharacter || count >= leastExpectation {
            piece.score = max(count, leastExpectation)
            sum += piece.score
            kept.append(piece)
        }
        let logSum = digamma(sum)
        for index in kept.indices { kept[index].score = digamma(kept[index].score) - logSum }
        return UnigramModel(kept)
    }

    /// Drops the pieces whose loss costs the text the least probability.
    private func prune(_ model: UnigramModel, to surplus: Int) -> UnigramModel {
        let frequencies = frequencies(of: model)
        let total = frequencies.reduce(0, +)
        var kept: [UnigramPiece] = []
        var candidates: [(index: Int, loss: Double)] = []
        var lattice = UnigramLattice()
        for (index, piece) in model.pieces.enumerated() {
            if piece.isCharacter {
                kept.append(piece)
                continue
            }
            guard frequencies[index] > 0 else { continue }
            lattice.fill(with: piece.text, from: model.trie)
            guard let other = lattice.bestPath(scores: model.scores, without: index),
                other.score <= piece.score
            else { continue }
            let loss = Self.loss(
                of: frequencies[index], replacedBy: other.pieces.map { frequencies[$0] },
                total: total)
            candidates.append((index, loss))
        }
        candidates.sort { ($1.loss, $0.index) < ($0.loss, $1.index) }
        let target = max(
            surplus, Int(Double(model.pieces.count) * estimation.shrinkingFactor))
        kept += candidates.prefix(max(0, target - kept.count)).map { model.pieces[$0.index] }
        return UnigramModel(kept)
    }

    /// How often each piece occurs in the most probable segmentation of the text.
    private func frequencies(of model: UnigramModel) -> [Double] {
        var frequencies = [Double](repeating: 0, count: model.pieces.count)
        var lattice = UnigramLattice()
        for unit in text.units {
            lattice.fill(with: unit.text, from: model.trie)
            for piece in lattice.bestPath(scores: model.scores)?.pieces ?? [] {
                frequencies[piece] += Double(unit.count)
            }
        }
        return frequencies
    }

    /// By how much the text's log-likelihood falls if other pieces take the place of one.
    private static func loss(
        of frequency: Double, replacedBy others: [Double], total: Double
    ) -> Double {
        let before = log(frequency) - log(total)
        let newTotal = log(total + frequency * Double(others.count - 1))
        let after = others.reduce(0) { $0 + log($1 + frequency) - newTotal }
        return frequency * (before - after)
    }

    /// All characters and as many of the other pieces as have room, the most probable first.
    private static func final(_ model: UnigramModel, size: Int) -> [LearntPiece] {
        let sorted = model.pieces.sorted { left, right in
            guard left.score == right.score else { return left.score > right.score }
            return left.text.lexicographicallyPrecedes(right.text)
        }
        var room = size - sorted.count { $0.isCharacter }
        let kept = sorted.filter { piece in
            if piece.isCharacter { return true }
            room -= 1
            return room >= 0
        }
        return kept.map { LearntPiece(text: $0.text, score: Float($0.score)) }
    }
}
