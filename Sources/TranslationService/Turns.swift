/// The order in which the waiting sentences of many requests enter a batch: their requests take turns.
///
/// A turn is one sentence. Turns come in rounds, in which every request that has sentences has one, so a
/// request waits for one sentence of each other at most, however many those have. A newcomer has its turn
/// at the end of the running round, before those that had theirs; as many newcomers as there are of these,
/// and one more, so that a stream of newcomers prolongs a round no further.
struct Turns {
    /// Requests whose turn in this round is still to come, the next one first.
    private var waiting: [Entry] = []
    /// Requests that had their turn in this round and have more sentences, in order.
    private var served: [Entry] = []
    /// Requests that came during this round and take part in it.
    private var joined = 0
    /// Sentences that wait.
    private(set) var sentenceCount = 0
    /// Their source tokens.
    private(set) var tokenCount = 0

    /// A request's sentences, of which those before `next` have been taken.
    private struct Entry {
        let job: Job
        let sentences: [PendingSentence]
        var next = 0

        var remaining: ArraySlice<PendingSentence> { sentences[next...] }
    }

    /// Requests that have sentences waiting.
    var requestCount: Int { waiting.count + served.count }

    /// Of these, the ones that have not had a turn yet.
    var newcomerCount: Int {
        func newcomers(_ entries: [Entry]) -> Int { entries.count { $0.next == 0 } }
        return newcomers(waiting) + newcomers(served)
    }

    /// Takes the sentences of a request that had none.
    mutating func join(_ job: Job, _ sentences: [PendingSentence]) {
        guard !sentences.isEmpty else { return }
        sentenceCount += sentences.count
        tokenCount += Self.tokens(sentences[...])
        let entry = Entry(job: job, sentences: sentences)
        if joined <= served.count {
            waiting.append(entry)
            joined += 1
        } else {
            served.append(entry)
        }
    }

    /// The sentences of the next `count` turns, fewer where fewer wait.
    mutating func take(_ count: Int) -> [PendingSentence] {
        var taken: [PendingSentence] = []
        while taken.count < count, sentenceCount > 0 {
            if waiting.isEmpty {
                swap(&waiting, &served)
                joined = 0
            }
            var entry = waiting.removeFirst()
            taken.append(entry.sentences[entry.next])
            entry.next += 1
            sentenceCount -= 1
            tokenCount -= entry.sentences[entry.next - 1].ids.count
            if !entry.remaining.isEmpty { served.append(entry) }
        }
        return taken
    }

    private static func tokens(_ sentences: ArraySlice<PendingSentence>) -> Int {
        sentences.reduce(0) { $0 + $1.ids.count }
    }

    /// Forgets the sentences of some requests.
    mutating func remove(where isGone: (Job) -> Bool) {
        func drop(_ entry: Entry) -> Bool {
            guard isGone(entry.job) else { return false }
            sentenceCount -= entry.remaining.count
            tokenCount -= Self.tokens(entry.remaining)
            return true
        }
        waiting.removeAll(where: drop)
        served.removeAll(where: drop)
    }
}
