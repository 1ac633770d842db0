import DequeModule

/// The order in which the waiting sentences of many requests enter a batch: their requests take turns.
///
/// A turn is one sentence. Turns come in rounds, in which every request that has sentences has one, so a
/// request waits for one sentence of each other at most, however many those have. A newcomer has its turn
/// at the end of the running round, before those that had theirs; as many newcomers as there are of these,
/// and one more, so that a stream of newcomers prolongs a round no further.
struct Turns {
    /// Requests whose turn in this round is still to come, the next one first.
    private var waiting: Deque<Entry> = []
    /// Requests whose next turn is in the next round, in order.
    private var served: Deque<Entry> = []
    /// Requests of `served` that had their turn in this round; the others came during it.
    private var servedCount = 0
    /// Requests that came during this round and take part in it.
    private var joined = 0
    /// Sentences that wait.
    private(set) var sentenceCount = 0
    /// Their source tokens.
    private(set) var tokenCount = 0

    /// A request's sentences, of which those before `next` have been taken.
    private struct Entry {
        let job: Job
        var sentences: [PendingSentence]
        var next = 0

        var remaining: ArraySlice<PendingSentence> { sentences[next...] }

        mutating func takeNext() -> PendingSentence {
            defer { next += 1 }
            return sentences[next]
        }
    }

    /// Requests that have sentences waiting.
    var requestCount: Int { waiting.count + served.count }

    /// Takes the sentences of a request that had none.
    mutating func join(_ job: Job, _ sentences: [PendingSentence]) {
        guard !sentences.isEmpty else { return }
        sentenceCount += sentences.count
        tokenCount += Self.tokens(sentences[...])
        let entry = Entry(job: job, sentences: sentences)
        if joined <= servedCount {
            waiting.append(entry)
            joined += 1
        } else {
            served.append(entry)
        }
    }

    /// Takes more sentences of a request, behind those that wait of it.
    mutating func add(_ job: Job, _ sentences: [PendingSentence]) {
        func extend(_ entries: inout Deque<Entry>) -> Bool {
            guard let index = entries.firstIndex(where: { $0.job === job }) else { return false }
            entries[index].sentences += sentences
            return true
        }
        guard extend(&waiting) || extend(&served) else { return join(job, sentences) }
        sentenceCount += sentences.count
        tokenCount += Self.tokens(sentences[...])
    }

    /// The sentence whose turn it is, and whether it is the last one of its request; nil: none waits, or it does
    /// not fit.
    mutating func take(
        where fits: (PendingSentence) -> Bool
    ) -> (sentence: PendingSentence, isLast: Bool)? {
        if waiting.isEmpty {
            swap(&waiting, &served)
            servedCount = 0
            joined = 0
        }
        guard let first = waiting.first?.remaining.first, fits(first),
            var entry = waiting.popFirst()
        else { return nil }
        let sentence = count(entry.takeNext())
        if entry.remaining.isEmpty { return (sentence, true) }
        served.append(entry)
        servedCount += 1
        return (sentence, false)
    }

    /// The next sentence of one request out of its turn, which it keeps; nil where none of it waits, or it does
    /// not fit.
    mutating func take(
        from id: Int, where fits: (PendingSentence) -> Bool
    ) -> (sentence: PendingSentence, isLast: Bool)? {
        if let index = waiting.firstIndex(where: { $0.job.id == id }) {
            guard let first = waiting[index].remaining.first, fits(first) else { return nil }
            let sentence = count(waiting[index].takeNext())
            guard waiting[index].remaining.isEmpty else { return (sentence, false) }
            waiting.remove(at: index)
            return (sentence, true)
        }
        guard let index = served.firstIndex(where: { $0.job.id == id }),
            let first = served[index].remaining.first, fits(first)
        else { return nil }
        let sentence = count(served[index].takeNext())
        guard served[index].remaining.isEmpty else { return (sentence, false) }
        served.remove(at: index)
        return (sentence, true)
    }

    /// Counts a sentence that is taken.
    private mutating func count(_ sentence: PendingSentence) -> PendingSentence {
        sentenceCount -= 1
        tokenCount -= sentence.ids.count
        return sentence
    }

    private static func tokens(_ sentences: ArraySlice<PendingSentence>) -> Int {
        sentences.reduce(0) { $0 + $1.ids.count }
    }

    /// Forgets the sentences of some requests.
    ///
    /// - Returns: the requests that had any, with what waited of them.
    mutating func remove(where isGone: (Job) -> Bool) -> [(job: Job, rest: Workload)] {
        var gone: [(job: Job, rest: Workload)] = []
        func drop(_ entry: Entry) -> Bool {
            guard isGone(entry.job) else { return false }
            sentenceCount -= entry.remaining.count
            tokenCount -= Self.tokens(entry.remaining)
            gone.append((entry.job, entry.remaining.reduce(into: Workload()) { $0 += $1.work }))
            return true
        }
        waiting.removeAll(where: drop)
        served.removeAll(where: drop)
        return gone
    }
}
