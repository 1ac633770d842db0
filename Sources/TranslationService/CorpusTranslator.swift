import Checkpoint
public import Decoding
import System
import Telemetry

/// Translates more texts than a request may hold, with all of a model's batches, in their order.
///
/// Every text is a request of its own without a deadline: none is refused, and one that cannot be
/// translated harms no other. A bounded number of texts is under way, so memory does not depend on how
/// many there are, and each leaves as soon as it and all before it are done.
public final class CorpusTranslator: Sendable {
    /// A text with where it comes from.
    public struct Item<Origin: Sendable>: Sendable {
        /// What its translation is delivered with.
        public let origin: Origin
        /// The text; nil: nothing to translate, which keeps its place all the same.
        public let text: String?
        /// How to decode it.
        public let options: DecodingOptions

        /// A text to be translated.
        public init(_ origin: Origin, _ text: String?, _ options: DecodingOptions) {
            self.origin = origin
            self.text = text
            self.options = options
        }
    }

    /// What became of a text: its translation, or why there is none; nil where there was no text.
    public typealias Delivery<Origin> = (
        origin: Origin, result: Result<Translation, TranslationError>?
    )

    /// Why a list of texts was not translated: one of them could not be.
    public struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
        /// Which one, from 0.
        public let index: Int
        /// What is wrong with it.
        public let error: TranslationError

        /// States both.
        public init(index: Int, error: TranslationError) {
            self.index = index
            self.error = error
        }

        /// Both.
        public var description: String { "text \(index + 1): \(error)" }
    }

    /// The system gives no thread to read the texts on.
    public struct NoThread: Error, CustomStringConvertible {
        /// What happened.
        public let description = "the system gives no thread"
    }

    /// Bytes of text under way, unless a single one has more.
    private static let maximumBytes = 8 << 20

    private let service: TranslationService
    /// How texts are taken apart; nil: each is one sentence, as it is.
    private let preparation: TextOptions?
    /// Texts under way: those of all batches, as many that wait, and as many that are done before others.
    private let places: Int

    /// Starts workers of its own.
    ///
    /// - Parameters:
    ///   - model: what translates.
    ///   - workers: threads that translate, at least 1.
    ///   - preparation: how texts are taken apart; nil: each is one sentence, which the model is given as it is.
    /// - Throws: what the service throws where it gets no threads.
    public init(_ model: ServedModel, workers: Int, preparation: TextOptions? = nil) throws {
        self.preparation = preparation
        var configuration = TranslationService.Configuration()
        configuration.workers = workers
        configuration.maximumQueuedRequests = .max
        configuration.maximumQueuedTokens = .max
        service = try TranslationService(
            model: model, configuration: configuration,
            metrics: ServiceMetrics(registry: MetricRegistry(), model: model))
        places = 4 * workers * configuration.maximumSequences
    }

    /// Ends the workers, which have nothing left to do.
    deinit { service.stop() }

    /// The model that translates.
    public var model: ServedModel { service.model }

    /// Translates what `next` gives until it gives nothing.
    ///
    /// - Parameters:
    ///   - next: gives the next text; called on a thread of its own, where it may wait.
    ///   - deliver: takes what became of the next texts, as many as are done, on the caller's thread.
    /// - Throws: what `next` throws, after all before that has been delivered; at once what `deliver`
    ///   throws, and nothing more is computed then; `NoThread`.
    public func translate<Origin>(
        _ next: sending @escaping () throws -> Item<Origin>?,
        deliver: ([Delivery<Origin>]) throws -> Void
    ) throws {
        let flow = Monitor(Flow<Origin>(places: places, bytes: Self.maximumBytes))
        let source = Handed(next)
        guard WorkerThread.start({ [self] in feed(source.value, flow) }) else { throw NoThread() }
        defer {
            for cancel in flow.change({ $0.abandon() }) { cancel() }
        }
        while true {
            switch flow.wait(for: { $0.step() }) {
            case .deliver(let entries):
                // Their places are free: wakes who waits for one.
                flow.change { _ in }
                try deliver(entries.map { ($0.origin, $0.result) })
            case .end(let error):
                if let error { throw error }
                return
            }
        }
    }

    /// Translates a list of texts.
    ///
    /// - Parameters:
    ///   - texts: what to translate.
    ///   - options: how to decode each, by its index; called on another thread.
    ///   - deliver: takes each translation with its index, in order.
    /// - Throws: `Fault` for the first text that cannot be translated; what `deliver` throws.
    public func translate(
        _ texts: [String], options: @escaping @Sendable (Int) -> DecodingOptions,
        deliver: (Int, Translation) throws -> Void
    ) throws {
        var rest = texts.enumerated().makeIterator()
        try translate {
            rest.next().map { Item($0.offset, $0.element, options($0.offset)) }
        } deliver: { texts in
            for (index, result) in texts {
                do {
                    if let translation = try result?.get() { try deliver(index, translation) }
                } catch let error as TranslationError {
                    throw Fault(index: index, error: error)
                }
            }
        }
    }

    private func feed<Origin>(
        _ next: () throws -> Item<Origin>?, _ flow: Monitor<Flow<Origin>>
    ) {
        do {
            while let item = try next() {
                guard let number = flow.wait(for: { $0.enter(item) }) else { return }
                submit(item, number, flow)
            }
            flow.change { $0.end(with: nil) }
        } catch {
            flow.change { $0.end(with: error) }
        }
    }

    private func submit<Origin>(
        _ item: Item<Origin>, _ number: Int, _ flow: Monitor<Flow<Origin>>
    ) {
        guard let text = item.text else {
            flow.change { $0.finish(number, nil) }
            return
        }
        var request = TranslationRequest(
            texts: [text], options: item.options,
            maximumSourceTokens: model.checkpoint.configuration.maximumPositions)
        request.preparation = preparation
        let cancel = service.submit(request) { result in
            flow.change { $0.finish(number, result.map { $0.translations[0] }) }
        }
        flow.withLock { $0.keep(cancel, number) }
    }
}

/// What is given to another thread for good.
///
/// Sendable without a lock because whoever makes one keeps no way to its value.
private struct Handed<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: sending Value) {
        self.value = value
    }
}

/// The texts under way, in their order.
private struct Flow<Origin: Sendable> {
    struct Entry {
        let origin: Origin
        let byteCount: Int
        var isDone = false
        var result: Result<Translation, TranslationError>?
        var cancel: (@Sendable () -> Void)?
    }

    /// What the delivering thread does next.
    enum Step {
        case deliver([Entry])
        case end((any Error)?)
    }

    private let places: Int
    private let byteLimit: Int
    private var entries: [Entry] = []
    /// The number of the first entry.
    private var first = 0
    private var byteCount = 0
    private var hasEnded = false
    private var error: (any Error)?
    private var isAbandoned = false

    init(places: Int, bytes: Int) {
        self.places = places
        byteLimit = bytes
    }

    /// Gives a text a place: its number, nil inside where nobody waits for it, nil outside where none is free.
    mutating func enter(_ item: CorpusTranslator.Item<Origin>) -> Int?? {
        if isAbandoned { return .some(nil) }
        let bytes = item.text?.utf8.count ?? 0
        guard entries.isEmpty || (entries.count < places && byteCount + bytes <= byteLimit) else {
            return nil
        }
        entries.append(Entry(origin: item.origin, byteCount: bytes))
        byteCount += bytes
        return first + entries.count - 1
    }

    /// Notes what became of a text.
    mutating func finish(_ number: Int, _ result: Result<Translation, TranslationError>?) {
        guard entries.indices.contains(number - first) else { return }
        entries[number - first].isDone = true
        entries[number - first].result = result
        entries[number - first].cancel = nil
    }

    /// Notes how a text is given up.
    mutating func keep(_ cancel: @escaping @Sendable () -> Void, _ number: Int) {
        guard entries.indices.contains(number - first), !entries[number - first].isDone else {
            return
        }
        entries[number - first].cancel = cancel
    }

    /// No text comes any more.
    mutating func end(with error: (any Error)?) {
        hasEnded = true
        self.error = error
    }

    /// All that are done with all before them, or the end; nil: wait.
    mutating func step() -> Step? {
        let ready = Array(entries.prefix { $0.isDone })
        guard ready.isEmpty else {
            entries.removeFirst(ready.count)
            first += ready.count
            byteCount -= ready.reduce(0) { $0 + $1.byteCount }
            return .deliver(ready)
        }
        return hasEnded && entries.isEmpty ? .end(error) : nil
    }

    /// Nobody waits for the rest: how each of it is given up.
    mutating func abandon() -> [@Sendable () -> Void] {
        isAbandoned = true
        defer { entries = [] }
        return entries.compactMap(\.cancel)
    }
}
