import Checkpoint
import Configuration
import Decoding
import Dispatch
import Glibc
import System
import Telemetry
import TranslationService

/// Translates many texts with all processors, for the commands that work on files.
struct TextTranslator {
    private let service: TranslationService
    private static let textsPerRequest = 64

    init(_ model: ServedModel) {
        var configuration = TranslationService.Configuration()
        configuration.workers = Processors.available
        configuration.maximumQueuedRequests = .max
        service = TranslationService(
            model: model, configuration: configuration,
            metrics: ServiceMetrics(registry: MetricRegistry(), model: model))
    }

    /// One translation for each text, in their order.
    ///
    /// - Throws: `Failure` that names the text which cannot be translated.
    func translate(
        _ texts: [String], _ options: DecodingOptions, progress: ProgressLine? = nil
    ) throws -> [Translation] {
        try translate(texts, each: Self.textsPerRequest, progress) { _ in options }
    }

    /// The same with options for each text.
    func translate(
        _ texts: [String], progress: ProgressLine? = nil, options: (Int) -> DecodingOptions
    ) throws -> [Translation] {
        try translate(texts, each: 1, progress, options: options)
    }

    private func translate(
        _ texts: [String], each count: Int, _ progress: ProgressLine?,
        options: (Int) -> DecodingOptions
    ) throws -> [Translation] {
        let starts = Array(stride(from: 0, to: texts.count, by: count))
        let results = Lock<[Int: Result<TranslationResult, TranslationError>]>([:])
        let finished = DispatchSemaphore(value: 0)
        for start in starts {
            let end = min(start + count, texts.count)
            let request = TranslationRequest(
                texts: Array(texts[start..<end]), options: options(start),
                maximumSourceTokens: service.model.checkpoint.configuration.maximumPositions)
            _ = service.submit(request) { result in
                results.withLock { $0[start] = result }
                finished.signal()
            }
        }
        for done in starts.indices {
            finished.wait()
            progress?.show(min((done + 1) * count, texts.count))
        }
        return try starts.flatMap { start in
            switch results.withLock({ $0[start] }) {
            case .success(let result): return result.translations
            case .failure(let error): throw Self.failure(error, firstText: start, count)
            case nil: return []
            }
        }
    }

    private static func failure(
        _ error: TranslationError, firstText: Int, _ count: Int
    ) -> Failure {
        let place = "in the \(count) texts from number \(firstText + 1) on"
        switch error {
        case .invalid(let invalid): return Failure("\(place): \(invalid)", code: EX_DATAERR)
        case .decoding(let error): return Failure("\(place): \(error)", code: EX_SOFTWARE)
        case .overloaded, .shuttingDown, .deadlineExceeded, .cancelled:
            return Failure("\(place): \(error)", code: EX_SOFTWARE)
        }
    }
}
