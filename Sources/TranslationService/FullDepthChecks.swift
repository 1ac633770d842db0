public import Checkpoint
import DequeModule
import Synchronization
import System

/// Has a share of the sentences that are answered under a certificate decoded again at full depth, while no worker has anything else to do.
///
/// Which ones is a matter of their number and a seed, never of what they say or lose. An idle worker takes one at a time and puts it back as soon as any
/// request wants to be worked on, after one decoding step of one sentence at most.
public struct FullDepthChecks: Sendable {
    /// Of the sentences, 0 … 1.
    public var share: Double
    /// The same seed chooses the same sentences, by their number in the service.
    public var seed: UInt64
    /// Sentences that wait for an idle worker; of more the oldest are dropped.
    public var capacity: Int
    /// Takes what was found, on a worker's thread.
    public var deliver: @Sendable (CheckedSentence) -> Void
    /// Is told of chosen sentences that are not decoded again: the model's id and how many.
    public var drop: @Sendable (String, Int) -> Void

    /// States what to check.
    ///
    /// - Parameters:
    ///   - share: of the sentences, 0 … 1.
    ///   - seed: chooses them.
    ///   - capacity: sentences that may wait, at least 1.
    ///   - deliver: takes what was found.
    ///   - drop: is told of sentences that are given up.
    public init(
        share: Double, seed: UInt64 = 1, capacity: Int = 256,
        deliver: @escaping @Sendable (CheckedSentence) -> Void,
        drop: @escaping @Sendable (String, Int) -> Void
    ) {
        self.share = share
        self.seed = seed
        self.capacity = max(1, capacity)
        self.deliver = deliver
        self.drop = drop
    }

    /// Whether the sentence of a number is decoded again.
    func chooses(_ number: Int) -> Bool {
        var random = SplitMix64(key: seed, UInt64(truncatingIfNeeded: number))
        return random.uniform() < share
    }
}

/// A sentence that was answered under a certificate, with what full depth makes of it.
public struct CheckedSentence: Sendable {
    /// What translated it.
    public let model: ServedModel
    /// What it was answered under.
    public let certificate: ExitCertificate
    /// The model's output by the certified rule.
    public let text: String
    /// The model's output at full depth.
    public let full: String
}

/// A sentence that waits for an idle worker.
package struct PendingCheck: Sendable {
    let model: ServedModel
    let certificate: ExitCertificate
    /// Source ids, end of sentence included.
    let ids: [Int]
    /// The output that was given.
    let text: String
}

// MARK: - What waits

extension TranslationService.Queue {
    /// Lets a sentence wait for an idle worker.
    ///
    /// - Returns: the one that is dropped for it.
    mutating func offer(_ check: PendingCheck, capacity: Int) -> PendingCheck? {
        checks.append(check)
        return checks.count > capacity ? checks.popFirst() : nil
    }

    /// A check for a worker that has nothing else to do; nil: none waits, or others have.
    mutating func nextCheck(whileIdle isIdle: Bool) -> Work? {
        guard isIdle, !isWanted else { return nil }
        return checks.popFirst().map { .check($0) }
    }

    /// Takes back a check that had to be given up for a request, to be the next one.
    mutating func putBack(_ check: PendingCheck, capacity: Int) -> PendingCheck? {
        guard checks.count < capacity else { return check }
        checks.prepend(check)
        return nil
    }

    /// Whether anybody waits for a worker.
    var isWanted: Bool { isStopping || requestCount > 0 }
}

extension TranslationService {
    /// Has a sentence that was answered decoded again, where it is chosen.
    func offerCheck(of sentence: PendingSentence, _ output: InputOutput) {
        guard let checks, let certificate = sentence.job.request.certificate,
            checks.chooses(nextCheck.wrappingAdd(1, ordering: .relaxed).newValue)
        else { return }
        let check = PendingCheck(
            model: model(of: sentence.job), certificate: certificate, ids: sentence.ids,
            text: output.text)
        give(up: queue.change { $0.offer(check, capacity: checks.capacity) })
    }

    /// Puts a check back whose worker is wanted.
    func putBack(_ check: PendingCheck) {
        guard let checks else { return }
        give(up: queue.withLock { $0.putBack(check, capacity: checks.capacity) })
    }

    /// Whether a request waits, is decoded, or the service is to end.
    var isWanted: Bool {
        busyWorkers.load(ordering: .relaxed) > 0 || queue.withLock { $0.isWanted }
    }

    /// Gives up the checks that wait.
    func dropChecks() {
        let rest = queue.withLock { queue in
            defer { queue.checks.removeAll() }
            return queue.checks
        }
        for check in rest { give(up: check) }
    }

    private func give(up check: PendingCheck?) {
        if let check { checks?.drop(check.model.id, 1) }
    }
}
