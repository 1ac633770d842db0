import Decoding
import System

/// A request on its way through several models.
final class Journey: Sendable {
    /// When it was submitted, in the service's seconds.
    let start: Double
    private let state = Lock(State())

    private struct State {
        var isCancelled = false
        var cancel: (@Sendable () -> Void)?
    }

    init(start: Double) {
        self.start = start
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Takes what gives the first hop up, unless the rest of the way has begun meanwhile.
    func begin(cancel: @escaping @Sendable () -> Void) {
        take(cancel) { $0.cancel == nil }
    }

    /// Takes what gives the rest of the way up.
    func goOn(cancel: @escaping @Sendable () -> Void) {
        take(cancel) { _ in true }
    }

    private func take(_ cancel: @escaping @Sendable () -> Void, if isPresent: (State) -> Bool) {
        let isCancelled = state.withLock { state in
            if isPresent(state) { state.cancel = cancel }
            return state.isCancelled
        }
        if isCancelled { cancel() }
    }

    /// Gives the request up, wherever it is.
    func cancel() {
        let cancel = state.withLock { state in
            state.isCancelled = true
            return state.cancel
        }
        cancel?()
    }
}

extension EarlierHop {
    /// The part of a request that this hop does.
    func request(of whole: TranslationRequest) -> TranslationRequest {
        var own = whole
        own.earlier = []
        own.hops = whole.earlier.count + 1
        own.model = model
        own.options = options
        own.options.cutsLoops = whole.options.cutsLoops
        own.options.aligns = whole.preparation?.markup != nil
        own.preparation?.glossary = nil
        own.drafts = []
        return own
    }
}

extension TranslationRequest {
    /// What is left to be done once the first hop has given its texts.
    func continued(with done: TranslationResult) -> TranslationRequest {
        var rest = self
        rest.earlier.removeFirst()
        rest.texts = done.translations.map { $0.outputs[0].text }
        rest.isContinuation = true
        // The limit is for what clients send; what a model made of it may be longer.
        rest.maximumSourceTokens = .max
        return rest
    }
}

extension TranslationResult {
    /// The result of a whole route, whose first hop gave its own before.
    func behind(_ first: TranslationResult, of hop: EarlierHop) -> TranslationResult {
        let compute = first.translations.reduce(
            into: ComputeRecord(
                policy: hop.options.exit.policy, decoderLayers: hop.model.layerCount)
        ) { $0 += $1.compute }
        var times = timings
        times.queue += first.timings.queue
        times.tokenize += first.timings.tokenize
        times.encode += first.timings.encode
        times.decode += first.timings.decode
        var whole = TranslationResult(
            translations: translations, sourceTokens: sourceTokens, timings: times)
        whole.earlier =
            [EarlierResult(model: hop.model, compute: compute, sourceTokens: first.sourceTokens)]
            + earlier
        return whole
    }
}
