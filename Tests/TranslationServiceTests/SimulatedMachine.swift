import Checkpoint
import Decoding
import System
import TranslationService

/// A service on a machine that computes nothing: its queue is the real one, time and work are made up.
struct SimulatedMachine {
    /// What one iteration of a worker takes at speed 1.
    struct Cost {
        var base = 0.004
        var row = 0.0004
        var token = 0.00005
    }

    /// A request to come.
    struct Arrival {
        var time: Double
        /// Source tokens of each text.
        var texts: [Int]
        var beam = 1
        var timeout = 5.0
    }

    /// What became of the requests.
    struct Outcome {
        var answered = 0
        var refused = 0
        var expired = 0
        /// Greatest Retry-After.
        var longestRetry = 0.0

        var expiredShare: Double {
            expired == 0 ? 0 : Double(expired) / Double(answered + expired)
        }
    }

    var workers = 2
    var cost = Cost()
    /// How fast it is at a time.
    var speed: (Double) -> Double = { _ in 1 }
    var queuedRequests = 256
    /// Whether the queue is told how long iterations take; otherwise it can only count requests.
    var measures = true

    private static let positions = 512

    /// Seconds of work that a request is, at speed 1 and in full batches.
    func seconds(of arrival: Arrival) -> Double {
        let rows = 32 * Double(arrival.beam)
        let tokens = Double(arrival.texts.reduce(0, +))
        let steps = 1.1 * tokens * Double(arrival.beam)
        return (steps * (cost.row + cost.base / rows) + tokens * cost.token) / Double(workers)
    }

    /// Runs until all that was taken is answered.
    func run(_ arrivals: [Arrival], seed: UInt64) -> Outcome {
        var configuration = TranslationService.Configuration()
        configuration.workers = workers
        configuration.maximumQueuedRequests = queuedRequests
        configuration.maximumQueuedTokens = 1 << 24
        var run = Run(self, configuration, seed: seed)
        run.warmUp()
        for arrival in arrivals { run.take(arrival) }
        run.advance(to: .infinity)
        return run.outcome
    }

    /// A sentence in a batch.
    private struct Running {
        let sentence: PendingSentence
        var steps: Int
        let total: Int
    }

    private struct Worker {
        var batch: [Running] = []
        /// When its iteration ends; nil: it waits for work.
        var end: Double?
        var iteration = TranslationService.Queue.Iteration()
    }

    private struct Run {
        let machine: SimulatedMachine
        let places: Int
        var queue: TranslationService.Queue
        var random: SplitMix64
        var workers: [Worker]
        var now = 0.0
        var outcome = Outcome()
        var nextID = 0
        /// Sentences that a request lacks.
        var missing: [Int: Int] = [:]

        init(
            _ machine: SimulatedMachine, _ configuration: TranslationService.Configuration,
            seed: UInt64
        ) {
            self.machine = machine
            places = configuration.maximumSequences
            queue = TranslationService.Queue(
                configuration, maximumPositions: SimulatedMachine.positions)
            queue.workers = configuration.workers
            random = SplitMix64(seed: seed)
            workers = Array(repeating: Worker(), count: configuration.workers)
        }

        /// What a server translates before its first client: a text, then several at once.
        mutating func warmUp() {
            for count in [1, 4 * workers.count] {
                for _ in 0..<count {
                    submit(Arrival(time: now, texts: [8], timeout: .infinity))
                }
                advance(to: .infinity)
            }
            outcome = Outcome()
            now = 0
            for index in workers.indices { workers[index].end = nil }
        }

        mutating func take(_ arrival: Arrival) {
            advance(to: arrival.time)
            now = arrival.time
            submit(arrival)
        }

        private mutating func submit(_ arrival: Arrival) {
            nextID += 1
            var options = DecodingOptions(
                exit: ExitRule(.full, layerCount: 6))
            options.beamSize = arrival.beam
            // Bytes tell of tokens only roughly.
            let bytes = arrival.texts.map { Int(Double(4 * $0) * (0.7 + 0.8 * random.uniform())) }
            var request = TranslationRequest(
                texts: bytes.map { String(repeating: "x", count: $0) }, options: options,
                maximumSourceTokens: SimulatedMachine.positions)
            request.timeout = arrival.timeout.isFinite ? arrival.timeout : nil
            let job = Job(
                nextID, request, submitted: now, Job.Callbacks(completion: { _ in }))
            if case .overloaded(let seconds) = queue.admit(job, at: now) {
                outcome.refused += 1
                outcome.longestRetry = max(outcome.longestRetry, seconds)
                return
            }
            missing[job.id] = arrival.texts.count
            queue.join(
                job,
                arrival.texts.enumerated().map { index, count in
                    PendingSentence(
                        job: job, place: InputPlace(text: index),
                        ids: Array(repeating: 7, count: count))
                })
            for index in workers.indices where workers[index].end == nil { begin(index) }
        }

        /// Lets workers run until a time.
        mutating func advance(to time: Double) {
            while let index = workers.indices.filter({ workers[$0].end != nil })
                .min(by: { workers[$0].end ?? 0 < workers[$1].end ?? 0 }),
                let end = workers[index].end, end <= time
            {
                now = end
                finish(index)
                begin(index)
            }
        }

        private mutating func finish(_ index: Int) {
            for place in workers[index].batch.indices { workers[index].batch[place].steps -= 1 }
            let done = workers[index].batch.filter { $0.steps == 0 }
            workers[index].batch.removeAll { $0.steps == 0 }
            for running in done {
                queue.finish(running.sentence, steps: running.total)
                answer(running.sentence.job)
            }
            expire()
        }

        private mutating func answer(_ job: Job) {
            guard let rest = missing[job.id] else { return }
            missing[job.id] = rest - 1
            guard rest == 1, job.fail(.cancelled) else { return }
            missing[job.id] = nil
            outcome.answered += 1
        }

        private mutating func expire() {
            let now = now
            var late: [Job] = []
            queue.removeAll { job in
                if now >= job.deadline { late.append(job) }
                return now >= job.deadline
            }
            // Only its own worker changes a batch; others find out at the end of their iteration.
            for index in workers.indices where workers[index].end == now {
                for running in workers[index].batch where now >= running.sentence.job.deadline {
                    late.append(running.sentence.job)
                    queue.finish(running.sentence, steps: nil)
                }
                workers[index].batch.removeAll { now >= $0.sentence.job.deadline }
            }
            for job in late where job.fail(.deadlineExceeded) {
                missing[job.id] = nil
                outcome.expired += 1
            }
        }

        private mutating func begin(_ index: Int) {
            if machine.measures { queue.observe(workers[index].iteration) }
            workers[index].iteration = TranslationService.Queue.Iteration()
            workers[index].end = nil
            let batch = workers[index].batch
            let room = places - batch.count
            guard
                case .decode(let sentences) = queue.next(
                    room: room, group: 1, isBusy: !batch.isEmpty, at: now)
            else { return }
            var tokens = 0
            for sentence in sentences {
                tokens += sentence.ids.count
                let steps = length(sentence)
                workers[index].batch.append(
                    Running(sentence: sentence, steps: steps, total: steps))
            }
            let rows = workers[index].batch.reduce(0) {
                $0 + $1.sentence.job.request.options.beamSize
            }
            let seconds = duration(rows: rows, tokens: tokens)
            workers[index].iteration.rows = rows
            workers[index].iteration.encodedTokens = tokens
            workers[index].iteration.seconds = seconds
            workers[index].end = now + seconds
        }

        /// Steps of an output: as long as the source more or less, now and then as long as may be.
        private mutating func length(_ sentence: PendingSentence) -> Int {
            let count = sentence.ids.count
            if random.uniform() < 0.02 { return 2 * count + 10 }
            return max(1, Int((Double(count) * (0.8 + 0.6 * random.uniform())).rounded()))
        }

        private mutating func duration(rows: Int, tokens: Int) -> Double {
            let cost = machine.cost
            let seconds = cost.base + cost.row * Double(rows) + cost.token * Double(tokens)
            // Now and then a thread is put aside.
            let noise = random.uniform() < 0.01 ? 4 : 0.8 + 0.4 * random.uniform()
            return seconds * noise / machine.speed(now)
        }
    }
}
