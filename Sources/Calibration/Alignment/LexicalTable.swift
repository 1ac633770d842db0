import Glibc

/// Which words translate each other, learnt from pairs of sentences alone, in one direction.
///
/// IBM model 1 (Brown, Della Pietra, Della Pietra and Mercer 1993) with the prior for the diagonal of fast_align
/// (Dyer, Chahuneau and Smith 2013): target word j of m is made from source word i of n with the prior
/// proportional to exp(−λ |(i + ½) / n − (j + ½) / m|), or from none.
struct LexicalTable {
    private static let iterations = 5
    private static let diagonal = 4.0
    private static let none = 0.08
    private static let smoothing = 0.01
    /// Of a pair of words that was never seen together.
    private static let unseen = 1e-9

    /// p(target | source) by the two numbers of the words; source 0 is none.
    private var probabilities: [UInt64: Double] = [:]
    private var numbers: [String: UInt32] = [:]

    /// Learns from pairs.
    ///
    /// - Parameter pairs: the words of each.
    init(_ pairs: [(source: [String], target: [String])]) {
        let numbered = pairs.map { (number($0.source), number($0.target)) }
        for iteration in 0..<Self.iterations {
            var counts: [UInt64: Double] = [:]
            for (source, target) in numbered {
                for (j, word) in target.enumerated() {
                    let weights = self.weights(
                        word, at: j, of: target.count, source, isFirst: iteration == 0)
                    let sum = weights.reduce(0, +)
                    for (i, weight) in weights.enumerated() {
                        counts[Self.key(i == 0 ? 0 : source[i - 1], word), default: 0] +=
                            weight / sum
                    }
                }
            }
            normalise(counts)
        }
    }

    private mutating func number(_ words: [String]) -> [UInt32] {
        words.map { word in
            let next = UInt32(numbers.count + 1)
            let number = numbers[word] ?? next
            numbers[word] = number
            return number
        }
    }

    private static func key(_ source: UInt32, _ target: UInt32) -> UInt64 {
        UInt64(source) << 32 | UInt64(target)
    }

    private mutating func normalise(_ counts: [UInt64: Double]) {
        var sums: [UInt32: Double] = [:]
        for (key, count) in counts {
            sums[UInt32(key >> 32), default: 0] += count + Self.smoothing
        }
        probabilities = counts
        for (key, count) in counts {
            probabilities[key] = (count + Self.smoothing) / (sums[UInt32(key >> 32)] ?? 1)
        }
    }

    /// The weight of none and of each source word for a target word.
    private func weights(
        _ word: UInt32, at j: Int, of count: Int, _ source: [UInt32], isFirst: Bool
    ) -> [Double] {
        let place = (Double(j) + 0.5) / Double(count)
        let prior = source.indices.map {
            exp(-Self.diagonal * abs((Double($0) + 0.5) / Double(source.count) - place))
        }
        let sum = prior.reduce(0, +)
        func probability(_ source: UInt32) -> Double {
            isFirst ? 1 : probabilities[Self.key(source, word)] ?? Self.unseen
        }
        return [Self.none * probability(0)]
            + source.indices.map { (1 - Self.none) * prior[$0] / sum * probability(source[$0]) }
    }

    /// The most probable source word of each target word.
    ///
    /// - Parameters:
    ///   - source: words.
    ///   - target: words.
    /// - Returns: an index into `source` for each of `target`; nil: it is made from none.
    func align(_ source: [String], _ target: [String]) -> [Int?] {
        let source = source.map { numbers[$0] ?? .max }
        return target.enumerated().map { j, word in
            let weights = weights(
                numbers[word] ?? .max, at: j, of: target.count, source, isFirst: false)
            let best = weights.indices.max { weights[$0] < weights[$1] } ?? 0
            return best == 0 ? nil : best - 1
        }
    }
}

/// Links by lexical tables of both directions: a judge that needs nothing but translations.
public struct LexicalJudge: Sendable {
    private let references: [ReferenceLinks]

    /// Learns from pairs and judges them.
    ///
    /// - Parameter pairs: the words of each, in lower case.
    public init(_ pairs: [(source: [String], target: [String])]) {
        let forward = LexicalTable(pairs)
        let backward = LexicalTable(pairs.map { ($0.target, $0.source) })
        references = pairs.map { source, target in
            let one = forward.align(source, target).enumerated().compactMap { target, source in
                source.map { WordLink(source: $0, target: target) }
            }
            let other = backward.align(target, source).enumerated().compactMap { source, target in
                target.map { WordLink(source: source, target: $0) }
            }
            return ReferenceLinks(
                sure: Set(one).intersection(other), possible: Set(one).union(other))
        }
    }

    /// The links of a pair: sure where both directions agree, possible where one of them has it.
    public subscript(pair: Int) -> ReferenceLinks { references[pair] }
}
