import Decoding
import Threads

/// A request on its way through the service: gathers the results of its sentences, answers once.
final class Job: Sendable {
    let request: TranslationRequest
    let submitted: Double
    let deadline: Double
    private let completion: @Sendable (Result<TranslationResult, TranslationError>) -> Void
    private let progress: Lock<Progress>

    private struct Progress {
        var translations: [Translation?]
        var remaining: Int
        var isAnswered = false
        var timings = Timings()
        var decodeStart: Double?
    }

    init(
        _ request: TranslationRequest, submitted: Double,
        completion: @escaping @Sendable (Result<TranslationResult, TranslationError>) -> Void
    ) {
        self.request = request
        self.submitted = submitted
        deadline = request.timeout.map { submitted + $0 } ?? .infinity
        self.completion = completion
        let count = request.texts.count
        progress = Lock(
            Progress(translations: Array(repeating: nil, count: count), remaining: count))
    }

    /// Whether nothing of it needs computing any more.
    var isAnswered: Bool { progress.withLock { $0.isAnswered } }

    /// Changes where the time went.
    func time(_ body: (inout Timings) -> Void) { progress.withLock { body(&$0.timings) } }

    /// Marks the start of decoding, once.
    func startDecoding(at now: Double) {
        progress.withLock { $0.decodeStart = $0.decodeStart ?? now }
    }

    /// Takes the translation of a text; the last one answers the request.
    ///
    /// - Returns: the answer given with it.
    @discardableResult
    func finish(_ translation: Translation, index: Int, at now: Double) -> TranslationResult? {
        let result: TranslationResult? = progress.withLock { progress in
            guard !progress.isAnswered else { return nil }
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
        if let result { completion(.success(result)) }
        return result
    }

    /// Answers with an error unless it has been answered.
    ///
    /// - Returns: whether this was the answer.
    @discardableResult
    func fail(_ error: TranslationError) -> Bool {
        let isFirst = progress.withLock { progress in
            defer { progress.isAnswered = true }
            return !progress.isAnswered
        }
        if isFirst { completion(.failure(error)) }
        return isFirst
    }
}

/// A text of a job that waits to be decoded.
struct PendingSentence {
    let job: Job
    let index: Int
    /// Source ids, end of sentence included.
    let ids: [Int]
}
