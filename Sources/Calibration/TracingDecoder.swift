import Checkpoint
import Decoding
import Tensor
import TranslationModel

/// Greedy decoding that writes what every asked layer said into the sentences' trees.
///
/// A decoding starts with the exits that a tree has already: those positions run through the same layers
/// again, for their states, but no classifier or head is asked about them. The classifier decides by the
/// exact rule, since a tree needs to know every probability. Belongs to one worker.
final class TracingDecoder {
    private let model: TranslationModel
    private let policy: ThresholdPolicy
    private let step: DecoderStep
    /// Made when the side branch is first asked.
    private var branchStep: DecoderStep?
    private var runs: [Run] = []
    private static let batchSize = 128

    private var layerCount: Int { model.decoderLayerCount }

    /// One sentence on its way.
    private struct Run {
        let sentence: TracedSentence
        let state: DecoderState
        /// Exits that are known from the start, and how many of them have been taken.
        let knownExits: [Int]
        /// The decoder's node of the next position, and that position, 1 for the first.
        var position = 1
        var leaf: Int32
        var token: Int?
        /// The tree's node of the exits so far.
        var node = DecisionTree.root
        /// The node behind this step's exit.
        var next: Int?

        var knownExit: Int? {
            position <= knownExits.count ? knownExits[position - 1] : nil
        }
    }

    init(_ model: TranslationModel, policy: ThresholdPolicy) {
        self.model = model
        self.policy = policy
        step = DecoderStep(for: model)
    }

    /// Decodes sentences to their ends.
    ///
    /// - Parameters:
    ///   - sentences: each with the exits that its tree has for these thresholds.
    ///   - thresholds: N − 1 of them.
    /// - Throws: `notFinite` where the network gives something that is not a number.
    func decode(
        _ sentences: [(sentence: TracedSentence, exits: [Int])], _ thresholds: [Double]
    ) throws(DecodingError) {
        for start in stride(from: 0, to: sentences.count, by: Self.batchSize) {
            let end = min(start + Self.batchSize, sentences.count)
            runs = sentences[start..<end].map { begin($0.sentence, exits: $0.exits) }
            while !runs.isEmpty {
                try climb { (n) throws(DecodingError) in try decide(after: n, thresholds) }
                advance()
            }
        }
    }

    /// Decodes sentences at full depth and looks at every exit of every token.
    ///
    /// - Parameter sentences: any number.
    /// - Returns: for each sentence, the tokens that its exits 1 … N would have given at each position.
    /// - Throws: `notFinite` where the network gives something that is not a number.
    func traceFullDepth(_ sentences: [TracedSentence]) throws(DecodingError) -> [[[Int]]] {
        var traces: [[[Int]]] = []
        for sentence in sentences {
            var positions: [[Int]] = []
            runs = [begin(sentence, exits: [])]
            while !runs.isEmpty {
                var tokens: [Int] = []
                try climb { (n) throws(DecodingError) in
                    tokens.append(try observe(after: n))
                }
                positions.append(tokens)
                advance()
            }
            traces.append(positions)
        }
        return traces
    }

    /// The tokens that the side branch would have given along an output.
    ///
    /// - Parameters:
    ///   - sentence: whose encoder states it reads.
    ///   - output: target ids, at least one.
    /// - Returns: one for each position; nil where the model has no side branch.
    func branchTokens(_ sentence: TracedSentence, following output: [Int]) -> [Int]? {
        guard let branch = model.branch else { return nil }
        let step = branchStep ?? DecoderStep(for: branch)
        branchStep = step
        let state = DecoderState(source: sentence.source, in: step)
        let rows = state.append(
            feeding: [model.configuration.decoderStartID] + output.dropLast().map(Optional.some))
        step.begin(rows)
        for n in 1...branch.decoderLayerCount { step.runLayer(n) }
        let all = Array(rows.indices)
        step.classify(all, after: branch.decoderLayerCount)
        let tokens = all.map { LogitRow(step.logits, row: $0).top().id }
        step.leave(all)
        return tokens
    }

    private func begin(_ sentence: TracedSentence, exits: [Int]) -> Run {
        let state = DecoderState(source: sentence.source, in: step)
        return Run(
            sentence: sentence, state: state, knownExits: exits,
            leaf: state.append(after: nil), token: model.configuration.decoderStartID)
    }

    /// Runs a step of all rows through the layers.
    private func climb(
        _ body: (_ n: Int) throws(DecodingError) -> Void
    ) throws(DecodingError) {
        step.begin(runs.map { DecoderRow(state: $0.state, token: $0.token, node: $0.leaf) })
        var n = 0
        while !step.active.isEmpty {
            n += 1
            step.runLayer(n)
            try body(n)
        }
    }

    /// Moves every run behind its exit and drops those that are complete.
    private func advance() {
        runs = runs.compactMap { run in
            guard let node = run.next, !run.sentence.tree.isEnding(node) else { return nil }
            var moved = run
            moved.node = node
            moved.next = nil
            moved.token = run.sentence.tree.token(of: node)
            moved.leaf = run.state.append(after: run.leaf)
            moved.position += 1
            run.state.release(run.leaf)
            return moved
        }
    }

    private func decide(after n: Int, _ thresholds: [Double]) throws(DecodingError) {
        var leaving = leaveAsKnown(after: n)
        let open = step.active.indices.filter { runs[step.active[$0]].knownExit == nil }
        let threshold = n < layerCount ? thresholds[n - 1] : nil
        switch policy.signal {
        case .classifier:
            leaving += try classify(open, after: n) { [policy] top in
                guard let threshold else { return true }
                return policy.leaves(
                    probability: policy.probability(top), threshold: threshold)
            }
        case .stopProbability:
            let stopping = threshold.map { stop(open, after: n, threshold: $0) } ?? open
            leaving += try classify(stopping, after: n) { _ in true }
        }
        step.leave(leaving.sorted())
    }

    /// Rows whose exit is in the tree, and is this one.
    private func leaveAsKnown(after n: Int) -> [Int] {
        step.active.indices.filter { offset in
            let index = step.active[offset]
            guard runs[index].knownExit == n else { return false }
            runs[index].next = runs[index].sentence.tree.child(of: runs[index].node, exit: n)
            return true
        }
    }

    /// Asks the classifier; rows that `leaves` of their best log-probability take their token here.
    private func classify(
        _ offsets: [Int], after n: Int, leaves: (Float) -> Bool
    ) throws(DecodingError) -> [Int] {
        var leaving: [Int] = []
        for (offset, top) in zip(offsets, try tops(offsets, after: n)) {
            let run = runs[step.active[offset]]
            if policy.signal == .classifier, n < layerCount {
                run.sentence.tree.record(top.logProbability, at: run.node, after: n)
            }
            guard leaves(top.logProbability) else { continue }
            runs[step.active[offset]].next = run.sentence.tree.extend(
                run.node, exit: n, token: top.id)
            leaving.append(offset)
        }
        return leaving
    }

    private func tops(
        _ offsets: [Int], after n: Int
    ) throws(DecodingError) -> [LogitRow.Top] {
        guard !offsets.isEmpty else { return [] }
        step.classify(offsets, after: n)
        let tops = offsets.indices.map { LogitRow(step.logits, row: $0).top() }
        guard tops.allSatisfy(\.logProbability.isFinite) else { throw .notFinite(layer: n) }
        return tops
    }

    /// Asks the stop head of a layer below the last.
    private func stop(_ offsets: [Int], after n: Int, threshold: Double) -> [Int] {
        guard !offsets.isEmpty else { return [] }
        var logits: [Float] = []
        step.stopLogits(offsets, after: n, into: &logits)
        return zip(offsets, logits).compactMap { offset, logit in
            let run = runs[step.active[offset]]
            run.sentence.tree.record(logit, at: run.node, after: n)
            let probability = policy.probability(logit)
            return policy.leaves(probability: probability, threshold: threshold) ? offset : nil
        }
    }

    /// Looks at the only row without letting it leave below the last layer.
    ///
    /// - Returns: the token that this exit would give.
    private func observe(after n: Int) throws(DecodingError) -> Int {
        if policy.signal == .stopProbability, n < layerCount {
            _ = stop([0], after: n, threshold: 1)
        }
        let top = try tops([0], after: n)[0]
        let run = runs[0]
        if policy.signal == .classifier, n < layerCount {
            run.sentence.tree.record(top.logProbability, at: run.node, after: n)
        }
        if n == layerCount {
            runs[0].next = run.sentence.tree.extend(run.node, exit: n, token: top.id)
            step.leave([0])
        }
        return top.id
    }
}
