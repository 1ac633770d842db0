import Checkpoint
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

/// Reads the lines of a file, or of standard input where there is no path.
func readLines(_ path: String?) throws -> [String] {
    var bytes = try readBytes(path)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    guard !bytes.isEmpty else { return [] }
    return try bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        .enumerated().map { index, line in
            guard let text = String(validating: line, as: UTF8.self) else {
                throw Failure("\(path ?? "-"):\(index + 1): not UTF-8", code: EX_DATAERR)
            }
            return text
        }
}

/// Reads a file, or standard input where there is no path.
func readBytes(_ path: String?) throws -> [UInt8] {
    let descriptor = path.map { open($0, O_RDONLY | O_CLOEXEC) } ?? STDIN_FILENO
    guard descriptor >= 0 else {
        throw Failure("\(path ?? "-"): \(String(cString: strerror(errno)))", code: EX_NOINPUT)
    }
    defer { if path != nil { close(descriptor) } }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { return bytes }
        guard count > 0 else {
            throw Failure("\(path ?? "-"): \(String(cString: strerror(errno)))", code: EX_IOERR)
        }
        bytes += buffer[..<count]
    }
}
