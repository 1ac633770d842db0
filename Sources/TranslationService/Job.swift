import Decoding
import System
import TextPreparation
import Tokenization

/// A request on its way through the service: gathers the results of its sentences, answers once.
package final class Job: Sendable {
    /// Unique in its service, ascending.
    package let id: Int
    package let request: TranslationRequest
    package let submitted: Double
    /// When it came to this service's queue: later than `submitted` where other models had its texts before.
    private let queued: Double
    package let deadline: Double
    /// Bytes of its texts, and of what is expected of them.
    let byteCount: Int
    /// Source tokens by the bytes of its texts, four to one.
    let estimatedTokens: Int
    /// Whether somebody wants to know of every token.
    let reportsTokens: Bool
    private let callbacks: Callbacks
    private let progress: Lock<Progress>
    /// Its use of the network that translates it.
    let tenancy: Tenancy?

    /// Who is told what.
    package struct Callbacks: Sendable {
        let progress: (@Sendable (TranslationEvent) -> Void)?
        let completion: @Sendable (Result<TranslationResult, TranslationError>) -> Void

        package init(
            progress: (@Sendable (TranslationEvent) -> Void)? = nil,
            completion: @escaping @Sendable (Result<TranslationResult, TranslationError>) -> Void
        ) {
            self.progress = progress
            self.completion = completion
        }
    }

    private struct Progress {
        /// Those of texts that are segmented and not finished.
        var texts: [TextProgress?]
        var translations: [Translation?]
        var remaining: Int
        var isAnswered = false
        var timings = Timings()
        var decodeStart: Double?
        var hasLeftQueue = false
        var hasToken = false
    }

    package init(
        _ id: Int, _ request: TranslationRequest, submitted: Double, queued: Double? = nil,
        _ callbacks: Callbacks, tenancy: Tenancy? = nil
    ) {
        self.id = id
        self.tenancy = tenancy
        self.request = request
        self.submitted = submitted
        self.queued = queued ?? submitted
        byteCount = (request.texts + request.drafts.compactMap(\.self)).reduce(0) {
            $0 + $1.utf8.count
        }
        estimatedTokens = request.texts.reduce(0) { $0 + Self.estimatedTokens($1) }
        let timeout = request.timeout ?? .infinity
        deadline = timeout.isNaN ? .infinity : submitted + timeout
        self.callbacks = callbacks
        reportsTokens = callbacks.progress != nil && request.options.beamSize == 1
        let count = request.texts.count
        progress = Lock(
            Progress(
                texts: Array(repeating: nil, count: count),
                translations: Array(repeating: nil, count: count), remaining: count))
    }

    /// Source tokens of a text that is not segmented yet: one for every four bytes.
    static func estimatedTokens(_ text: String) -> Int { (text.utf8.count + 3) / 4 }

    /// Whether nothing of it needs computing any more.
    package var isAnswered: Bool { progress.withLock { $0.isAnswered } }

    /// Changes where the time went.
    func time(_ body: (inout Timings) -> Void) { progress.withLock { body(&$0.timings) } }

    /// Marks that a worker has taken the first of its sentences.
    ///
    /// - Returns: seconds that it waited until then, its segmentation left out; nil for later sentences.
    func leaveQueue(at now: Double) -> Double? {
        progress.withLock { progress in
            guard !progress.hasLeftQueue else { return nil }
            progress.hasLeftQueue = true
            progress.timings.queue = max(0, now - queued - progress.timings.tokenize)
            return progress.timings.queue
        }
    }

    /// Marks the start of decoding, once.
    func startDecoding(at now: Double) {
        progress.withLock { $0.decodeStart = $0.decodeStart ?? now }
    }

    /// Marks the first token of any of its texts.
    ///
    /// - Returns: seconds since the submission, the first time.
    func noteToken(at now: Double) -> Double? {
        progress.withLock { progress in
            defer { progress.hasToken = true }
            return progress.hasToken ? nil : now - submitted
        }
    }

    /// Tells of progress, unless the request has been answered.
    ///
    /// Its texts may be decoded by several workers: their events come one at a time, none after the answer.
    func report(_ event: @autoclosure () -> TranslationEvent) {
        guard let tell = callbacks.progress else { return }
        progress.withLock { progress in
            if !progress.isAnswered { tell(event()) }
        }
    }

    /// Takes a text that is taken apart; one in which nothing is to be decoded is finished with it.
    func begin(_ text: TextProgress, index: Int, at now: Double) {
        let result = progress.withLock { progress -> TranslationResult? in
            guard !progress.isAnswered else { return nil }
            progress.texts[index] = text
            for sentence in text.finishedSentences { tell(of: sentence, in: index, progress) }
            guard text.isFinished else { return nil }
            return finish(text.whole(), index: index, &progress, at: now)
        }
        if let result { callbacks.completion(.success(result)) }
    }

    /// Has an input translated around its protected spans.
    ///
    /// - Returns: its parts; none where the request has been answered.
    func divide(_ place: InputPlace) -> [ModelInput.Part] {
        progress.withLock { $0.isAnswered ? [] : $0.texts[place.text]?.divide(place.input) ?? [] }
    }

    /// Takes what became of an input, or of a part of one; the last one answers the request.
    ///
    /// - Returns: whether the input is to be translated again, in parts.
    func finish(_ decoded: DecodedInput, at place: InputPlace, now: Double) -> Bool {
        let (isLost, result) = progress.withLock { progress -> (Bool, TranslationResult?) in
            guard !progress.isAnswered,
                let step = progress.texts[place.text]?.take(decoded, at: place)
            else { return (false, nil) }
            switch step {
            case .wait: return (false, nil)
            case .translateInParts: return (true, nil)
            case .finished(let sentence, let whole):
                tell(of: sentence, in: place.text, progress)
                guard let whole else { return (false, nil) }
                return (false, finish(whole, index: place.text, &progress, at: now))
            }
        }
        if let result { callbacks.completion(.success(result)) }
        return isLost
    }

    private func tell(of sentence: Int, in text: Int, _ progress: Progress) {
        guard let tell = callbacks.progress,
            let (words, compute) = progress.texts[text]?.sentence(sentence)
        else { return }
        tell(
            .sentence(
                SentenceEvent(index: text, sentence: sentence, text: words, compute: compute)))
    }

    /// Notes the translation of a text; with the last one the answer, which is to be given.
    private func finish(
        _ translation: Translation, index: Int, _ progress: inout Progress, at now: Double
    ) -> TranslationResult? {
        progress.texts[index] = nil
        progress.translations[index] = translation
        progress.remaining -= 1
        guard progress.remaining == 0 else { return nil }
        progress.isAnswered = true
        progress.timings.decode = progress.decodeStart.map { now - $0 } ?? 0
        progress.timings.total = now - submitted
        let translations = progress.translations.compactMap { $0 }
        return TranslationResult(
            translations: translations,
            sourceTokens: translations.reduce(0) { $0 + $1.sourceTokens },
            timings: progress.timings)
    }

    /// Answers a request that has no texts.
    func finishWithoutTexts() {
        let isFirst = progress.withLock { progress in
            defer { progress.isAnswered = true }
            return !progress.isAnswered
        }
        guard isFirst else { return }
        callbacks.completion(
            .success(TranslationResult(translations: [], sourceTokens: 0, timings: Timings())))
    }

    /// Answers with an error unless it has been answered.
    ///
    /// - Returns: whether this was the answer.
    @discardableResult
    package func fail(_ error: TranslationError) -> Bool {
        let isFirst = progress.withLock { progress in
            defer { progress.isAnswered = true }
            return !progress.isAnswered
        }
        if isFirst { callbacks.completion(.failure(error)) }
        return isFirst
    }
}

/// A sentence of a job that waits to be decoded, or a part of one.
package struct PendingSentence {
    package let job: Job
    package let place: InputPlace
    /// Source ids, end of sentence included.
    package let ids: [Int]
    /// The place of each id in the text that it is of, in UTF-8 offsets; empty where nobody asks.
    let ranges: [Range<Int>]
    /// Which sentence of its text it is, where its tokens are reported.
    let reported: Int?
    /// Target ids that its output is expected to be, without the end of sentence; empty: nothing is expected.
    let draft: [Int]
    /// What it takes, as estimated when it joined the queue.
    package internal(set) var work = Workload()
    /// Steps of its output, likewise.
    var steps = 0.0
    /// Positions that its hypotheses may have together: its beam times its longest output.
    var positions = 0

    /// - Parameters:
    ///   - job: whose it is.
    ///   - place: where in the job.
    ///   - ids: source ids, end of sentence included.
    ///   - ranges: the place of each id in the text that it is of.
    ///   - reported: which sentence of its text it is, where its text is that of its tokens.
    ///   - draft: what its output is expected to be.
    package init(
        job: Job, place: InputPlace, ids: [Int], ranges: [Range<Int>] = [], reported: Int? = nil,
        draft: [Int] = []
    ) {
        self.draft = draft
        self.job = job
        self.place = place
        self.ids = ids
        self.ranges = ranges
        self.reported = job.reportsTokens ? reported : nil
    }
}

/// A sentence that is being decoded.
struct RunningSentence {
    let sentence: PendingSentence
    /// Its text so far, where its tokens are reported.
    private var text: Tokenizer.TextStream?
    /// Tokens reported.
    private var position = 0

    init(_ sentence: PendingSentence, _ tokenizer: Tokenizer) {
        self.sentence = sentence
        text = sentence.reported == nil ? nil : tokenizer.makeTextStream()
    }

    var job: Job { sentence.job }

    /// Takes its next token; what there is to report of it.
    mutating func take(_ token: DecodedToken, piece: String, isLast: Bool) -> TokenEvent {
        let ready = text?.append(token.id) ?? ""
        let rest = isLast ? text?.finish() ?? "" : ""
        defer { position += 1 }
        return TokenEvent(
            index: sentence.place.text, sentence: sentence.reported ?? 0, position: position,
            token: token, piece: piece, text: ready + rest)
    }
}
