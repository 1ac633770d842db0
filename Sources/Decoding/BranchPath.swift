import TranslationModel

/// What a side branch has read of a sentence's output: its positions, and what it was fed at each.
///
/// The branch knows nothing of what the network's own layers have computed. So before it drafts it is fed what it has not yet read of the
/// output, in one run.
struct BranchPath {
    /// In the step of the branch.
    let state: DecoderState
    private var inputs: [Int?] = []
    private var nodes: [Int32] = []

    /// Nothing read yet.
    init(_ state: DecoderState) { self.state = state }

    /// Forgets what did not come to be, and appends a row for each input that was not yet read.
    ///
    /// - Parameters:
    ///   - known: what the decoder is fed from the first position on, drafts included.
    ///   - rows: receives at least one, the last one that of the last input.
    mutating func read(_ known: [Int?], into rows: inout [DecoderRow]) {
        let shared = zip(inputs, known.dropLast()).prefix { $0 == $1 }.count
        for node in nodes[shared...] { state.release(node) }
        inputs.removeLast(inputs.count - shared)
        nodes.removeLast(nodes.count - shared)
        for input in known[shared...] {
            let node = state.append(after: nodes.last)
            inputs.append(input)
            nodes.append(node)
            rows.append(DecoderRow(state: state, token: input, node: node, isCertain: false))
        }
    }
}
