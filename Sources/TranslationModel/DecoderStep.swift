import Checkpoint
import Glibc
public import System
public import Tensor

/// One hypothesis in a decoding step: the token that it feeds in and where it stands.
public struct DecoderRow {
    /// The sentence that it belongs to.
    public let state: DecoderState
    /// Input token: the one produced last, or what decoding starts from; nil: no embedding, its position alone.
    public let token: Int?
    /// The node of this position.
    public let node: Int32
    /// Whether `DecoderStep.alignedSource` may be asked about it.
    public let isAligned: Bool
    /// The layers that it went through in a step before and left: it joins this one above them.
    public let entry: Int
    /// Whether it is known to be a position of the output, so that full depth would have computed it, too.
    public let isCertain: Bool

    /// A row of a sentence of the same step.
    ///
    /// Rows may continue each other: one whose node follows that of the row before it sees that row's memories.
    public init(
        state: DecoderState, token: Int?, node: Int32, isAligned: Bool = false, entry: Int = 0,
        isCertain: Bool = true
    ) {
        self.state = state
        self.token = token
        self.node = node
        self.isAligned = isAligned
        self.entry = entry
        self.isCertain = isCertain
    }
}

/// Runs decoder layers over a batch of rows that thins out as rows leave.
///
/// `begin` embeds the rows, then for n = 1, 2, …: `runLayer(n)`, ask heads and classifiers about the
/// active rows, `leave` with those that are decided. Active rows stand packed in the order in which they
/// came; a row's numbers do not depend on the others. One per worker, reused from step to step: its
/// memory grows with the largest batch seen, and a step no larger allocates nothing.
public final class DecoderStep {
    /// Rows that have not left yet, as indices into those given to `begin`.
    public private(set) var active: [Int] = []
    /// Rows multiplied by each layer since the start, layer 1 first.
    public private(set) var layerRows: [Int]
    /// Logits [asked rows, V] of the latest `classify`; `logitRow` reads those of sentences with candidates, too.
    public let logits: Matrix
    /// Logits [asked rows, `LogitRow.maximumBest`] of the latest `classify(_:among:_:after:)`, −∞ behind
    /// those of a row.
    public let candidateLogits: Matrix
    /// Helps with large products while the calling thread has it; nil: nobody does.
    public var team: ThreadTeam? {
        didSet {
            let team = model.isWide ? team : nil
            input.team = team
            adapted.input.team = team
            feedForward.team = team
        }
    }

    let positions: PositionStore
    let model: TranslationModel
    private(set) var rows: [Row] = []
    /// Rows that join above a layer, as indices into those given to `begin`, ascending.
    private var waiting: [Int] = []
    /// The paths of all rows, one after the other.
    private var paths: [Int32] = []
    private let hidden: Matrix  // [m, d]
    private let query: Matrix  // [m, d]
    private let keyValue: Matrix  // [m, 2d] or [S, 2d]
    private let context: Matrix  // [m, d]
    private let sum: Matrix  // [m, d]
    private let feedForward: FeedForwardScratch
    private let input: ProjectionInput  // [m, d] or [asked rows, d]
    private let headInput: ProjectionInput  // [asked rows, d]
    private let headLogits: Matrix  // [asked rows, N]
    private let draftLogits: Matrix  // [asked rows, outputs of the head for drafts]
    /// What the latest `classify` was asked: rows of all ids, rows of candidates, and for each offset its row of `logits`.
    private var asked: (open: [Int], listed: [Int], rows: [Int]) = ([], [], [])
    private var listedStates: [DecoderState] = []
    private let adapted: AdaptedStates
    let attention: Attention
    private let recurrence: Recurrence
    /// What the aligned rows attend to in the source: for each row, layer and head S weights.
    private(set) var sourceWeights: [Float] = []
    private var screening = ScreeningPause()
    /// Made when it is first needed.
    lazy var aligner = SourceAligner(for: model)
    /// Nodes of the active rows and their parts of `paths`.
    private var activeNodes: [Int] = []
    private var activePaths: [Range<Int>] = []
    /// Nodes whose memories a layer lacks, each behind those before it, and the rows that need them.
    private var missingNodes: [Int] = []
    private var missingRows: [Int] = []

    var d: Int { model.configuration.width }

    /// A row of this step.
    struct Row {
        let state: DecoderState
        let node: Int32
        /// Its nodes within `paths`, its own last.
        let path: Range<Int>
        /// The memories of all positions before this one exist in layers 1 … `filled`.
        var filled: Int
        /// Where its part of `sourceWeights` starts; nil for a row that is not aligned.
        let weights: Int?
        /// It joins above this layer.
        let entry: Int

        var position: Int { path.count }
        var sourceCount: Int { state.source.rows }
    }

    /// Working memory for steps of `model`.
    public init(for model: TranslationModel) {
        let d = model.configuration.width
        self.model = model
        positions = PositionStore(for: model)
        layerRows = Array(repeating: 0, count: model.decoderLayerCount)
        logits = Matrix(rows: 0, columns: model.vocabularySize)
        candidateLogits = Matrix(rows: 0, columns: LogitRow.maximumBest)
        hidden = Matrix(rows: 0, columns: d)
        query = Matrix(rows: 0, columns: d)
        keyValue = Matrix(rows: 0, columns: 2 * d)
        context = Matrix(rows: 0, columns: d)
        sum = Matrix(rows: 0, columns: d)
        feedForward = FeedForwardScratch(
            width: d, inner: model.configuration.decoder.feedForwardWidth,
            precision: model.precision)
        input = ProjectionInput(columns: d, precision: model.precision)
        headInput = ProjectionInput(columns: d, precision: .float32)
        headLogits = Matrix(rows: 0, columns: model.decoderLayerCount)
        draftLogits = Matrix(rows: 0, columns: model.draftHead?.projection.outputs ?? 1)
        adapted = AdaptedStates(for: model)
        attention = Attention(heads: model.configuration.decoder.heads, width: d)
        recurrence = Recurrence(width: d)
    }

    /// Bytes that grow with the largest batch seen and are kept: positions, sources, what their keys and values are computed in, and logits.
    public var byteCount: Int {
        positions.byteCount + keyValue.byteCount + logits.byteCount + draftLogits.byteCount
    }

    /// Whether all rows have left.
    public var isFinished: Bool { active.isEmpty && waiting.isEmpty }

    /// Starts a step: h⁰ of each row is the embedding of its token at its position; that of a row which joins later is where it
    /// left before.
    public func begin(_ batch: [DecoderRow]) {
        rows.removeAll(keepingCapacity: true)
        paths.removeAll(keepingCapacity: true)
        active.removeAll(keepingCapacity: true)
        waiting.removeAll(keepingCapacity: true)
        for matrix in [hidden, query, keyValue, context, sum] { matrix.resize(rows: batch.count) }
        var weightCount = 0
        for (index, row) in batch.enumerated() {
            let start = paths.count
            var filled = positions.appendPath(to: row.node, onto: &paths)
            let path = start..<paths.count
            // What the row before has yet to leave behind is no gap.
            if let before = rows.last, positions.parent(of: Int(row.node)) == Int(before.node) {
                filled = before.filled
            }
            let weights = row.isAligned ? weightCount : nil
            if row.isAligned { weightCount += weightsPerSourcePosition * row.state.source.rows }
            rows.append(
                Row(
                    state: row.state, node: row.node, path: path, filled: filled, weights: weights,
                    entry: row.entry))
            if row.isCertain { countFullDepth(ofRow: index) }
            guard row.entry == 0 else {
                waiting.append(index)
                continue
            }
            let place = active.count
            active.append(index)
            model.embedTarget(row.token, position: path.count, into: (hidden, place))
        }
        takeActiveNodes()
        model.decoderEnds.embeddingNorm?.apply(hidden, rows: 0..<active.count, into: hidden)
        if weightCount > sourceWeights.count {
            sourceWeights = Array(repeating: 0, count: 3 * weightCount / 2)
        }
    }

    /// Counts what full depth would have computed for a row: of one that was not certain, once it is.
    ///
    /// - Parameter index: an index into those given to `begin`.
    public func countFullDepth(ofRow index: Int) {
        let row = rows[index]
        row.state.operations.fullDepth += model.fullDepthOperations(
            position: row.position, sourceCount: row.sourceCount)
    }

    /// Makes the rows active that join above a layer, each at its place among the others.
    private func admit(above layer: Int) {
        let entering = waiting.filter { rows[$0].entry == layer }
        guard !entering.isEmpty else { return }
        waiting.removeAll { rows[$0].entry == layer }
        var left = active.count
        var next = entering.count
        active.append(contentsOf: entering)
        for place in active.indices.reversed() where next > 0 {
            if left > 0, active[left - 1] > entering[next - 1] {
                left -= 1
                active[place] = active[left]
                hidden.copyRow(place, from: hidden, sourceRow: left)
            } else {
                next -= 1
                active[place] = entering[next]
                let node = Int(rows[entering[next]].node)
                hidden.copyRow(place, from: positions.exitStates, sourceRow: node)
            }
        }
        takeActiveNodes()
    }

    /// Notes which nodes are active, and their paths.
    private func takeActiveNodes() {
        let rows = rows
        activeNodes.removeAll(keepingCapacity: true)
        activeNodes.append(contentsOf: active.lazy.map { Int(rows[$0].node) })
        activePaths.removeAll(keepingCapacity: true)
        activePaths.append(contentsOf: active.lazy.map { rows[$0].path })
    }

    private var weightsPerSourcePosition: Int {
        model.decoderLayerCount * model.configuration.decoder.heads
    }

    /// Where the weights of a layer's heads start; nil for a row that is not aligned.
    func firstWeight(_ row: Row, layer n: Int) -> Int? {
        row.weights.map { $0 + (n - 1) * model.configuration.decoder.heads * row.sourceCount }
    }

    /// Runs layer `n`, 1 … N, on the active rows.
    ///
    /// Keys and values, or cells, that positions skipped by leaving
    /// earlier, and keys and values of the source, are computed now where they are missing.
    public func runLayer(_ n: Int) {
        if !waiting.isEmpty { admit(above: n - 1) }
        let layer = model.decoderLayers[n - 1]
        let m = active.count
        guard m > 0 else { return }
        layerRows[n - 1] += m
        fillCrossKeyValues(layer, n)
        fillMemories(layer, n)
        switch layer.mixer {
        case .attention(let block): attendToTarget(block, layer.selfNorm, n, rows: m)
        case .recurrence(let block): recur(block, layer.selfNorm, n, rows: m)
        }
        attendToSource(layer, n, rows: m)
        layer.feedForward.apply(hidden, rows: m, feedForward, sum: sum)
        if model.adapters[n] != nil { adapted.begin(rows: m) }
        let rows = rows
        for index in active {
            let row = rows[index]
            row.state.operations.executed += model.layerOperations(
                position: row.position, sourceCount: row.sourceCount)
        }
    }

    /// Copies the states of the active rows, as the layer run last left them, without the normalisation that ends the stack.
    ///
    /// - Parameter states: resized to [active rows, d].
    public func copyStates(into states: Matrix) {
        states.resize(rows: active.count)
        for offset in active.indices { states.copyRow(offset, from: hidden, sourceRow: offset) }
    }

    /// Takes rows out of the step; what they reached is what later positions see above this layer.
    ///
    /// - Parameter leaving: offsets into `active`, ascending.
    public func leave(_ leaving: [Int]) {
        guard !leaving.isEmpty else { return }
        var kept = 0
        var next = 0
        for (offset, index) in active.enumerated() {
            if next < leaving.count, leaving[next] == offset {
                next += 1
                let node = Int(rows[index].node)
                positions.exitStates.copyRow(node, from: hidden, sourceRow: offset)
            } else {
                if kept != offset { hidden.copyRow(kept, from: hidden, sourceRow: offset) }
                active[kept] = index
                kept += 1
            }
        }
        active.removeLast(active.count - kept)
        takeActiveNodes()
    }

    /// Computes the logits of exit `n` for some active rows, one row for each offset: of all ids into `logits`, or of the candidates that
    /// its sentence has.
    ///
    /// - Parameters:
    ///   - offsets: offsets into `active`, ascending.
    ///   - n: the layer that was run last, 1 … N.
    public func classify(_ offsets: [Int], after n: Int) {
        logits.resize(rows: offsets.count)
        part(offsets)
        if !asked.open.isEmpty {
            let classifier = model.classifiers[n]
            takeExit(asked.open, after: n)
            classifier.apply(input, into: logits)
            charge(asked.open, operations: 2 * classifier.outputs * d)
        }
        if !asked.listed.isEmpty { classifyListed(after: n) }
    }

    /// Tells rows of sentences with candidates from the others.
    private func part(_ offsets: [Int]) {
        asked.open.removeAll(keepingCapacity: true)
        asked.listed.removeAll(keepingCapacity: true)
        asked.rows.removeAll(keepingCapacity: true)
        for offset in offsets where rows[active[offset]].state.candidates == nil {
            asked.open.append(offset)
        }
        for offset in offsets {
            if rows[active[offset]].state.candidates == nil {
                asked.rows.append(asked.rows.count - asked.listed.count)
            } else {
                asked.rows.append(asked.open.count + asked.listed.count)
                asked.listed.append(offset)
            }
        }
    }

    /// A product for each sentence with candidates: its rows follow each other.
    private func classifyListed(after n: Int) {
        takeExit(asked.listed, after: n)
        listedStates.removeAll(keepingCapacity: true)
        for offset in asked.listed { listedStates.append(rows[active[offset]].state) }
        var first = 0
        while first < listedStates.count {
            let state = listedStates[first]
            let end = listedStates[first...].firstIndex { $0 !== state } ?? listedStates.count
            if let classifier = state.candidates?[n] {
                classifier.apply(
                    input, rows: first..<end, into: logits, at: asked.open.count + first)
                state.operations.executed += 2 * classifier.outputs * d * (end - first)
            }
            first = end
        }
        listedStates.removeAll(keepingCapacity: true)
    }

    /// The logits of a row of the latest `classify`.
    ///
    /// - Parameter row: which of the offsets that it was asked about.
    /// - Returns: logits of all ids, or of the candidates of its sentence.
    public func logitRow(_ row: Int) -> LogitRow {
        let place = asked.rows[row]
        guard place >= asked.open.count,
            let candidates = rows[active[asked.listed[place - asked.open.count]]].state.candidates
        else { return LogitRow(logits, row: place) }
        return LogitRow(logits, row: place, of: candidates.ids)
    }

    /// Finds the best id of exit `n` for some active rows, and its logit: those of `classify(_:after:)` to the bit.
    ///
    /// Of few rows in 8 bits it reads half of the classifier, else all of it. It counts as a classifier all the same.
    ///
    /// - Parameters:
    ///   - offsets: offsets into `active`, ascending, of sentences without candidates.
    ///   - banned: for each an id that is not to be chosen, or nil.
    ///   - n: the layer that was run last, 1 … N, whose classifier has exact sums (`choosesExactly`).
    ///   - bests: what it held is replaced by one for each offset; nil where the network gave no number.
    public func choose(
        _ offsets: [Int], banned: [Int?], after n: Int, into bests: inout [LogitRow.Best?]
    ) {
        let classifier = model.classifiers[n]
        logits.resize(rows: offsets.count)
        takeExit(offsets, after: n)
        charge(offsets, operations: 2 * classifier.outputs * d)
        if offsets.count <= classifier.screenedRows, screening.isDue() {
            candidateLogits.resize(rows: 1)
            classifier.bests(
                input, banned: banned, bounds: logits, scratch: candidateLogits, into: &bests)
            screening.note(isDone: !bests.contains(nil))
            guard bests.contains(nil) else { return }
        }
        bests.removeAll(keepingCapacity: true)
        classifier.apply(input, into: logits)
        for (row, id) in banned.enumerated() {
            let logits = LogitRow(logits, row: row)
            if let id { logits.ban(id) }
            bests.append(logits.best())
        }
    }

    /// Whether `choose` may be asked after a layer: the greatest logit alone then says whether all are numbers.
    public func choosesExactly(after n: Int) -> Bool { model.classifiers[n].isExact }

    /// Computes the logits of exit `n` for a few ids of some active rows into `candidateLogits`, one row
    /// for each offset.
    ///
    /// They are those of `classify(_:after:)` to the bit, for 2 d operations each.
    ///
    /// - Parameters:
    ///   - offsets: offsets into `active`, ascending.
    ///   - ids: ids of the target vocabulary.
    ///   - parts: for each offset the part of `ids` that it is asked about, at most
    ///     `LogitRow.maximumBest` long.
    ///   - n: the layer that was run last, 1 … N.
    public func classify(
        _ offsets: [Int], among ids: [Int], _ parts: [Range<Int>], after n: Int
    ) {
        let classifier = model.classifiers[n]
        candidateLogits.resize(rows: offsets.count)
        takeExit(offsets, after: n)
        for (row, part) in parts.enumerated() {
            classifier.apply(
                input, row: row, outputs: ids.span.extracting(part), into: (candidateLogits, row))
            for column in part.count..<candidateLogits.columns {
                candidateLogits[row, column] = -.infinity
            }
            rows[active[offsets[row]]].state.operations.executed += 2 * part.count * d
        }
    }

    /// A token that the head for drafts proposes, and its probability among the ids that the head knows.
    public struct Proposal: Sendable, Equatable {
        /// Target id.
        public let id: Int
        /// 0 … 1; not a number where the network gave something that is none.
        public let probability: Float
    }

    /// What the head for drafts proposes to follow some active rows, after the layer that it reads.
    ///
    /// - Parameters:
    ///   - offsets: offsets into `active`, ascending.
    ///   - proposals: what it held is replaced by one for each offset.
    /// - Precondition: the model has the head.
    public func propose(_ offsets: [Int], into proposals: inout [Proposal]) {
        guard let head = model.draftHead else {
            preconditionFailure("the model has no exit below the last")
        }
        proposals.removeAll(keepingCapacity: true)
        takeExit(offsets, after: head.exit)
        draftLogits.resize(rows: offsets.count)
        head.projection.apply(input, into: draftLogits)
        charge(offsets, operations: 2 * head.projection.outputs * d)
        for row in offsets.indices {
            let top = LogitRow(draftLogits, row: row).top()
            proposals.append(
                Proposal(id: head.id(of: top.id), probability: exp(top.logProbability)))
        }
    }

    /// Makes some active rows what the classifier after layer `n` reads: what its adapter makes of them, where it has one.
    private func takeExit(_ offsets: [Int], after n: Int) {
        guard let adapter = model.adapters[n] else { return take(offsets, as: input) }
        charge(adapted.adapt(hidden, offsets, adapter), operations: 2 * d * d)
        input.set(adapted.states, selecting: offsets)
    }

    /// Makes some active rows what the next products read: as the last layer left them, or with the stack's own normalisation.
    private func take(_ offsets: [Int], as input: ProjectionInput) {
        if let norm = model.decoderEnds.norm {
            norm.enter(hidden, selecting: offsets, input, scratch: sum)
        } else if offsets.count == active.count {
            input.set(hidden, rows: offsets.count)
        } else {
            input.set(hidden, selecting: offsets)
        }
    }

    /// The depth that the multinomial head gives each row, asked after layer 1: argmax softmax(W h + b),
    /// the lowest layer among equals.
    ///
    /// - Parameters:
    ///   - offsets: offsets into `active`, ascending.
    ///   - depths: what it held is replaced by a depth for each offset.
    /// - Precondition: the model has the head.
    public func multinomialDepths(_ offsets: [Int], into depths: inout [Int]) {
        guard let head = model.heads.tokenMultinomial else {
            preconditionFailure("the model has no token_multinomial head")
        }
        ask(head, of: offsets)
        depths.removeAll(keepingCapacity: true)
        for row in offsets.indices {
            depths.append(lowestArgmax(headLogits, row: row, count: head.outputs) + 1)
        }
    }

    /// The logit of the stop probability χ_n of each row.
    ///
    /// - Parameters:
    ///   - offsets: offsets into `active`, ascending.
    ///   - n: the layer that was run last, below N.
    ///   - logits: what it held is replaced by a logit for each offset.
    /// - Precondition: the model has the head.
    public func stopLogits(_ offsets: [Int], after n: Int, into logits: inout [Float]) {
        guard let heads = model.heads.tokenGeometric else {
            preconditionFailure("the model has no token_geometric head")
        }
        ask(heads[n - 1], of: offsets)
        logits.removeAll(keepingCapacity: true)
        for row in offsets.indices { logits.append(headLogits[row, 0]) }
    }

    /// Computes the outputs of a head for some active rows into `headLogits`.
    private func ask(_ head: Projection, of offsets: [Int]) {
        headLogits.resize(rows: offsets.count)
        take(offsets, as: headInput)
        head.apply(headInput, into: headLogits)
        charge(offsets, operations: 2 * head.outputs * d)
    }

    private func charge(_ offsets: [Int], operations: Int) {
        for offset in offsets { rows[active[offset]].state.operations.executed += operations }
    }

    private func fillCrossKeyValues(_ layer: DecoderLayer, _ n: Int) {
        for index in active where rows[index].state.crossKeyValues[n - 1] == nil {
            let state = rows[index].state
            let count = state.source.rows
            let keyValues = positions.takeSourceKeyValues(rows: count)
            input.set(state.source, rows: count)
            keyValues.fill(through: keyValue) { layer.crossKeyValue.apply(input, into: $0) }
            state.crossKeyValues[n - 1] = keyValues
            state.operations.executed += model.crossKeyValueOperations(sourceCount: count)
        }
    }

    /// One product for all positions of all active rows that left below layer `n` (method.md §1: layer
    /// n's own projection is applied to the copied state, through layer n's own normalisation where that stands before it).
    ///
    /// Cells are then moved on in order, from each position to the next.
    private func fillMemories(_ layer: DecoderLayer, _ n: Int) {
        for index in active where rows[index].filled < n {
            rows[index].filled = n
            for node in paths[rows[index].path].dropLast() where positions.filledLayers(node) < n {
                positions.markFilled(node, layers: n)
                missingNodes.append(Int(node))
                missingRows.append(index)
            }
        }
        guard !missingNodes.isEmpty else { return }
        keyValue.resize(rows: max(missingNodes.count, active.count))
        layer.selfNorm.enter(
            positions.exitStates, selecting: missingNodes, input, scratch: sum)
        layer.mixer.kept.apply(input, into: keyValue)
        for (row, node) in missingNodes.enumerated() {
            remember(row, at: node, layer.mixer, n)
            rows[missingRows[row]].state.operations.executed += 4 * d * d
        }
        missingNodes.removeAll(keepingCapacity: true)
        missingRows.removeAll(keepingCapacity: true)
    }

    /// Keeps what row `row` of `keyValue` says of a node.
    private func remember(_ row: Int, at node: Int, _ mixer: TargetMixer, _ n: Int) {
        switch mixer {
        case .attention: positions.keyValues[n - 1].setRow(node, from: keyValue, sourceRow: row)
        case .recurrence:
            recurrence.advance(
                (keyValue, row), cells: positions.cells[n - 1],
                from: positions.parent(of: node), to: node)
        }
    }

    private func attendToTarget(
        _ block: TargetAttention, _ norm: BlockNorm, _ n: Int, rows m: Int
    ) {
        let keyValues = positions.keyValues[n - 1]
        norm.enter(hidden, rows: m, input, scratch: sum)
        block.query.apply(input, into: query)
        block.keyValue.apply(input, into: keyValue)
        keyValues.setRows(to: activeNodes, from: keyValue)
        positions.markFilled(activeNodes, layers: n)
        attention.attend(
            queries: query, keyValues.attended, nodes: paths, paths: activePaths, into: context)
        input.set(context, rows: m)
        block.output.apply(input, into: sum, .init(residual: hidden))
        norm.leave(sum, rows: m, into: hidden)
    }

    private func recur(_ block: RecurrentUnit, _ norm: BlockNorm, _ n: Int, rows m: Int) {
        norm.enter(hidden, rows: m, input, scratch: sum)
        block.candidateGate.apply(input, into: keyValue)
        for (offset, index) in active.enumerated() {
            let node = Int(rows[index].node)
            recurrence.advance(
                (keyValue, offset), cells: positions.cells[n - 1],
                from: positions.parent(of: node), to: node, output: (hidden, sum, offset))
            positions.markFilled(rows[index].node, layers: n)
        }
        norm.leave(sum, rows: m, into: hidden)
    }

    private func attendToSource(_ layer: DecoderLayer, _ n: Int, rows m: Int) {
        layer.crossNorm.enter(hidden, rows: m, input, scratch: sum)
        layer.crossQuery.apply(input, into: query)
        let rows = rows
        for (offset, index) in active.enumerated() {
            guard let keyValues = rows[index].state.crossKeyValues[n - 1] else { continue }
            if let start = firstWeight(rows[index], layer: n) {
                attention.attend(
                    query: (query, offset), keyValues.attended, rows: 0..<keyValues.rows,
                    into: (context, offset), weights: &sourceWeights, at: start)
            } else {
                attention.attend(
                    query: (query, offset), keyValues.attended, rows: 0..<keyValues.rows,
                    into: (context, offset))
            }
        }
        input.set(context, rows: m)
        layer.crossOutput.apply(input, into: sum, .init(residual: hidden))
        layer.crossNorm.leave(sum, rows: m, into: hidden)
    }
}
