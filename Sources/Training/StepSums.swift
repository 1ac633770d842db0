/// Sums over the steps since the last line of the log; kept with the state, so that a run which is
/// resumed between two lines logs the same ones.
struct StepSums: Equatable {
    private(set) var count = 0
    private(set) var seconds = 0.0
    private(set) var result: PassResult

    /// Nothing yet, for results with as many exits and heads.
    init(like result: PassResult) {
        self.result = PassResult(exits: result.exits.count, heads: result.heads.count)
    }

    mutating func add(_ step: PassResult, seconds: Double) {
        count += 1
        self.seconds += seconds
        result += step
    }

    func interval(upTo step: Trainer.StepReport) -> TrainingRun.Interval {
        .init(last: step, count: count, result: result, seconds: seconds)
    }

    /// All numbers, blanks between; `init(_:)` reads them back.
    var text: String {
        let sizes = [count, result.exits.count, result.heads.count]
        return (sizes.map(String.init) + ([seconds] + result.numbers).map { String($0) })
            .joined(separator: " ")
    }

    /// Reads what `text` gave; nil for any other text.
    init?(_ text: String) {
        let words = text.split(separator: " ")
        let sizes = words.prefix(3).compactMap { Int($0) }
        let numbers = words.dropFirst(3).compactMap { Double($0) }
        guard words.count > 3, sizes.count == 3, numbers.count == words.count - 3,
            let result = PassResult(
                numbers.dropFirst(), exits: sizes[1], heads: sizes[2])
        else { return nil }
        self.result = result
        count = sizes[0]
        seconds = numbers[0]
    }
}

extension PassResult {
    /// All sums one after the other, counts exact below 2⁵³.
    fileprivate var numbers: [Double] {
        let counts = oracleExits + oracleCounts + [targetTokens, sourceTokens, crossFocus.count]
        return exits.flatMap {
            [$0.loss, $0.negativeLogLikelihood, Double($0.correct), Double($0.count)]
        } + heads + [objective, crossFocus.sum] + counts.map(Double.init)
    }

    /// Takes `numbers` apart; nil where they are not as many as that, or counts are none.
    fileprivate init?(_ numbers: ArraySlice<Double>, exits: Int, heads: Int) {
        let all = Array(numbers)
        guard (0...all.count).contains(exits), (0...all.count).contains(heads),
            all.count == 4 * exits + 3 * heads + 5
        else { return nil }
        self.init(exits: exits, heads: heads)
        for index in 0..<exits {
            let own = all[4 * index..<4 * index + 4].map(\.self)
            guard let correct = Int(exactly: own[2]), let count = Int(exactly: own[3]) else {
                return nil
            }
            self.exits[index].loss = own[0]
            self.exits[index].negativeLogLikelihood = own[1]
            self.exits[index].correct = correct
            self.exits[index].count = count
        }
        let counts = all.dropFirst(4 * exits + heads + 2).compactMap { Int(exactly: $0) }
        guard counts.count == 2 * heads + 3 else { return nil }
        self.heads = Array(all[4 * exits..<4 * exits + heads])
        objective = all[4 * exits + heads]
        oracleExits = Array(counts[..<heads])
        oracleCounts = Array(counts[heads..<2 * heads])
        targetTokens = counts[2 * heads]
        sourceTokens = counts[2 * heads + 1]
        crossFocus = (all[4 * exits + heads + 1], counts[2 * heads + 2])
    }
}
