import DequeModule

/// The work that a service has taken and not done, and how long it will take: what admission is decided by.
///
/// A value without a clock: time is a parameter. Requests have numbers, unique and ascending.
///
/// **When work will be done.** A worker's batch is full while sentences wait, so what is ahead of a
/// request takes (work ahead) / (rate of full batches), and its last sentence the time of its own steps after that
/// (the bound of list scheduling). The rate comes from `IterationCost`, the length of outputs from those
/// that have finished.
///
/// **What is promised.** A request is taken where it would be answered before its deadline at two
/// fifths of the speed, and where those taken before with later deadlines keep theirs. Sentences take turns while there is time; the one whose
/// deadline would be missed otherwise goes first (`urgent`).
///
/// Where nothing is under way a request is always taken: it is no other's load that it would wait for, and only what
/// runs can tell that the machine has become faster.
package struct Backlog: Sendable {
    private let workers: Double
    private let places: Double
    /// What iterations cost.
    package private(set) var cost = IterationCost()
    /// Steps of an output for each source token.
    private var stepsPerToken = 1.2
    /// Requests with a deadline of which sentences wait, by deadline, then by number.
    private var entries: Deque<Entry> = []
    /// What waits of them.
    private var waiting = Workload()
    /// What waits of requests without a deadline.
    private var patient = Workload()
    /// What is in the batches.
    private var running = Workload()

    private struct Entry {
        let deadline: Double
        let id: Int
        var work: Workload
        /// Steps of its longest output.
        var steps: Double
        /// Whether its texts are segmented.
        var isReady = false

        func isBefore(_ deadline: Double, _ id: Int) -> Bool {
            self.deadline != deadline ? self.deadline < deadline : self.id < id
        }
    }

    /// How much slower than estimated the machine may become.
    private static let margin = 2.5
    /// The share of the time left that the work before a deadline may take until it goes first.
    private static let tightness = 0.7
    /// How far a finished output moves the estimate of lengths.
    private static let lengthRate = 0.02
    /// Requests that `urgent` looks at: those behind have more time.
    private static let lookahead = 4096

    /// Nothing taken.
    ///
    /// - Parameters:
    ///   - workers: worker threads.
    ///   - places: sentences in one worker's batch.
    package init(workers: Int, places: Int) {
        self.workers = Double(workers)
        self.places = Double(places)
    }
}

// MARK: - Estimates

extension Backlog {
    /// The work of a text.
    ///
    /// - Parameters:
    ///   - sourceTokens: S.
    ///   - beam: hypotheses.
    ///   - lengths: the least and the greatest number of steps, known before decoding.
    /// - Returns: work, and the steps expected.
    package func estimate(
        sourceTokens: Int, beam: Int, lengths: ClosedRange<Int>
    ) -> (work: Workload, steps: Double) {
        let expected = stepsPerToken * Double(sourceTokens) + 1
        let steps = min(max(expected, Double(lengths.lowerBound)), Double(lengths.upperBound))
        let work = Workload(rowSteps: steps * Double(beam), sourceTokens: Double(sourceTokens))
        return (work, steps)
    }

    /// Learns how long an output became that no limit cut.
    package mutating func observe(steps: Int, sourceTokens: Int) {
        guard sourceTokens > 0 else { return }
        let ratio = min(Double(steps) / Double(sourceTokens), 10)
        stepsPerToken += Self.lengthRate * (ratio - stepsPerToken)
    }

    /// Learns from an iteration of a worker.
    package mutating func observe(seconds: Double, rows: Int, encoded tokens: Int) {
        cost.observe(seconds: seconds, rows: rows, tokens: tokens)
    }

    /// Seconds until all that was taken is done; 0 while nothing has been measured.
    package var seconds: Double {
        cost.isKnown ? seconds(of: running + waiting + patient, besides: Workload()) : 0
    }

    /// Whether nothing waits or is in a batch.
    package var isIdle: Bool { running.sentences + waiting.sentences + patient.sentences == 0 }

    /// The request whose sentence has to enter a batch next, lest deadlines are missed; nil: there is time for
    /// turns.
    ///
    /// Requests that cannot meet theirs any more, whatever goes first, have no claim. Costs a step for each
    /// request that waits, 4096 at most.
    ///
    /// - Parameter now: the time.
    /// - Returns: the number of a request that is segmented and has sentences waiting.
    package func urgent(at now: Double) -> Int? {
        guard cost.isKnown, !entries.isEmpty else { return nil }
        let none = Workload()
        let perStep = seconds(steps: 1, besides: none)
        var before = seconds(of: running, besides: none)
        let perRow = (cost.row + cost.base / occupancy(besides: none).rows) / workers
        let perToken = cost.token / workers
        var first: Int?
        for entry in entries.prefix(Self.lookahead) {
            let left = entry.deadline - now
            let steps = perStep * entry.steps
            if left < steps { continue }
            if entry.isReady, entry.work.sentences > 0, first == nil { first = entry.id }
            before += entry.work.rowSteps * perRow + entry.work.sourceTokens * perToken
            if before + steps > Self.tightness * left { return first }
        }
        return nil
    }

    /// Sentences in each batch, and rows of each sentence, while `work` and all that was taken is done.
    private func occupancy(besides more: Workload) -> (sentences: Double, rows: Double) {
        let all = running + waiting + patient + more
        let sentences = min(max(all.sentences / workers, 1), places)
        return (sentences, max(1, beam(of: all)) * sentences)
    }

    /// Rows of a sentence, on average over the steps.
    private func beam(of work: Workload) -> Double {
        let steps = stepsPerToken * work.sourceTokens + work.sentences
        return steps > 0 ? work.rowSteps / steps : 1
    }

    private func seconds(of work: Workload, besides more: Workload) -> Double {
        let rows = occupancy(besides: more).rows
        let row = cost.row + cost.base / rows
        return (work.rowSteps * row + work.sourceTokens * cost.token) / workers
    }

    /// Seconds that so many steps of a sentence take among the others.
    private func seconds(steps: Double, besides more: Workload) -> Double {
        steps * cost.seconds(rows: occupancy(besides: more).rows)
    }
}

// MARK: - Taking and doing

extension Backlog {
    /// Takes a request, or says how long it should wait before it comes again.
    ///
    /// Costs a step for each request whose deadline is later: none where all have the same time.
    ///
    /// - Parameters:
    ///   - id: its number.
    ///   - work: all its texts.
    ///   - steps: of the longest output.
    ///   - hops: models that do as much, one after the other, until it is answered.
    ///   - deadline: infinite for none.
    ///   - now: the time.
    ///   - isContinuation: whether it is taken however much waits.
    /// - Returns: nil where it is taken, otherwise seconds.
    package mutating func admit(
        _ id: Int, _ work: Workload, steps: Double, hops: Int = 1, deadline: Double,
        at now: Double, isContinuation: Bool = false
    ) -> Double? {
        if !isContinuation,
            let seconds = excess(
                hops * work, steps: Double(hops) * steps, deadline: deadline, at: now)
        {
            return seconds
        }
        guard deadline < .infinity else {
            patient += work
            return nil
        }
        let entry = Entry(deadline: deadline, id: id, work: work, steps: steps)
        entries.insert(entry, at: place(of: deadline, id))
        waiting += work
        return nil
    }

    /// Seconds by which what is under way is too much for a request to be taken; nil: it is not.
    private func excess(
        _ work: Workload, steps: Double, deadline: Double, at now: Double
    ) -> Double? {
        guard cost.isKnown, deadline < .infinity, !isIdle else { return nil }
        let own = seconds(of: work, besides: work)
        let perStep = seconds(steps: 1, besides: work)
        var before = seconds(of: running + waiting, besides: work)
        var index = entries.count
        while index > 0, entries[index - 1].deadline > deadline {
            index -= 1
            let entry = entries[index]
            let late = before + own + perStep * entry.steps - (entry.deadline - now)
            // One that is late already gains nothing from a refusal.
            let wasLate = before + perStep * entry.steps > entry.deadline - now
            if late > 0, !wasLate { return late }
            before = max(0, before - seconds(of: entry.work, besides: work))
        }
        let wait = (deadline - now) / Self.margin - perStep * steps
        return before + own > wait ? before + own - max(0, wait) : nil
    }

    private func place(of deadline: Double, _ id: Int) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].isBefore(deadline, id) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func index(of id: Int, _ deadline: Double) -> Int? {
        let index = place(of: deadline, id)
        return index < entries.count && entries[index].id == id ? index : nil
    }

    /// Replaces the estimate of a request by a better one, once its texts are segmented.
    package mutating func revise(
        _ id: Int, deadline: Double, from old: Workload, to new: Workload, steps: Double
    ) {
        guard deadline < .infinity else {
            patient -= old
            patient += new
            return
        }
        guard let index = index(of: id, deadline) else { return }
        waiting -= old
        waiting += new
        entries[index].work = new
        entries[index].steps = steps
        entries[index].isReady = true
    }

    /// Takes more work of a request that was taken, and of which nothing may wait any more.
    package mutating func add(_ id: Int, deadline: Double, _ work: Workload, steps: Double) {
        guard deadline < .infinity else {
            patient += work
            return
        }
        waiting += work
        guard let index = index(of: id, deadline) else {
            let entry = Entry(deadline: deadline, id: id, work: work, steps: steps, isReady: true)
            return entries.insert(entry, at: place(of: deadline, id))
        }
        entries[index].work += work
        entries[index].steps = max(entries[index].steps, steps)
    }

    /// A sentence enters a batch.
    package mutating func start(_ id: Int, deadline: Double, _ work: Workload) {
        running += work
        guard deadline < .infinity else {
            patient -= work
            return
        }
        guard let index = index(of: id, deadline) else { return }
        waiting -= work
        entries[index].work -= work
    }

    /// A sentence leaves its batch.
    package mutating func finish(_ work: Workload) { running -= work }

    /// Forgets a request: its last sentence has entered a batch, or nobody waits for it any more.
    ///
    /// - Parameters:
    ///   - id: its number.
    ///   - deadline: its deadline.
    ///   - rest: what of it waits still.
    package mutating func forget(_ id: Int, deadline: Double, _ rest: Workload) {
        guard deadline < .infinity else {
            patient -= rest
            return
        }
        guard let index = index(of: id, deadline) else { return }
        waiting -= entries[index].work
        entries.remove(at: index)
        if entries.isEmpty { waiting = Workload() }
    }
}
