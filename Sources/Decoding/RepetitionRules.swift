import Tensor

/// What a request does against repetitions: the processors `RepetitionPenaltyLogitsProcessor` and
/// `NoRepeatNGramLogitsProcessor` of transformers, in this order and on the same numbers.
///
/// They come after the exit decision. Where a token leaves says how sure the network itself is, and the heads
/// have learnt nothing of what a request forbids, so every policy decides as it would without them after the
/// same tokens, and what `confidence` remembers of candidates keeps its meaning. The scores of the exit that
/// was chosen are what they change: all V of them, for whatever leaves is classified over all ids.
///
/// Greedy search changes the logits and normalises then. Beam search changes the log-probabilities and adds
/// them up as they are, as transformers does, so that its scores are no longer sums of log-probabilities.
struct RepetitionRules: Equatable {
    /// θ: scores of ids that occurred are multiplied by it where negative, else divided; 1 leaves them.
    ///
    /// Keskar, McCann, Varshney, Xiong and Socher 2019, section 4.1.
    var penalty = 1.0
    /// n: no n ids in a row occur twice; 0: any may.
    var ngramSize = 0

    /// Whether scores are changed at all.
    var areActive: Bool { penalty != 1 || ngramSize > 0 }

    /// Changes the scores of a row.
    ///
    /// - Parameters:
    ///   - scores: of all ids; logits or log-probabilities.
    ///   - ids: what the decoder was fed so far, the start token first.
    ///   - changes: working memory.
    func apply(
        to scores: LogitRow, after ids: ArraySlice<Int>, _ changes: inout [(id: Int, value: Float)]
    ) {
        if penalty != 1 { penalise(scores, ids, &changes) }
        if ngramSize > 0, ids.count + 1 >= ngramSize { banRepeated(scores, ids) }
    }

    /// An id that occurred several times is changed once: all are read before the first is written.
    private func penalise(
        _ scores: LogitRow, _ ids: ArraySlice<Int>, _ changes: inout [(id: Int, value: Float)]
    ) {
        let penalty = Float(penalty)
        changes.removeAll(keepingCapacity: true)
        for id in ids {
            let score = scores[id]
            changes.append((id, score < 0 ? score * penalty : score / penalty))
        }
        for (id, value) in changes { scores[id] = value }
    }

    /// Bans what would complete n ids that occurred.
    private func banRepeated(_ scores: LogitRow, _ ids: ArraySlice<Int>) {
        let prefix = ids.suffix(ngramSize - 1)
        for start in ids.indices.dropLast(ngramSize - 1)
        where ids[start..<start + ngramSize - 1].elementsEqual(prefix) {
            scores.ban(ids[start + ngramSize - 1])
        }
    }
}
