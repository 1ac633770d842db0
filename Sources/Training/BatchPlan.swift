import System

/// The batches of an epoch: all sentences in an order that follows from seed and epoch, cut where the
/// target tokens would exceed a limit.
///
/// Sentences are packed and never padded, so a batch need not hold sentences of like lengths.
public struct BatchPlan: Sendable {
    /// Indices of the sentences of each batch.
    public let batches: [[Int]]

    /// Plans an epoch.
    ///
    /// - Parameters:
    ///   - targetLengths: target tokens of each sentence.
    ///   - limit: target tokens of a batch, at most; a sentence that is longer has one of its own.
    ///   - seed: of the order.
    ///   - epoch: counted from 0.
    public init(targetLengths: [Int], limit: Int, seed: UInt64, epoch: Int) {
        var random = SplitMix64(key: seed, 0x0EB0_C400, UInt64(epoch))
        var batches: [[Int]] = []
        var batch: [Int] = []
        var tokens = 0
        for index in targetLengths.indices.shuffled(using: &random) {
            if !batch.isEmpty, tokens + targetLengths[index] > limit {
                batches.append(batch)
                batch = []
                tokens = 0
            }
            batch.append(index)
            tokens += targetLengths[index]
        }
        if !batch.isEmpty { batches.append(batch) }
        self.batches = batches
    }
}
