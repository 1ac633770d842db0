public import Checkpoint
public import System
public import Telemetry

/// Answers that get a little shallower instead of being refused, where more is asked for than can be done.
///
/// Its levels are the certificates of a model, of one risk, by rising δ: each level is cheaper than the one before, and
/// loses no more than its δ promises. Requests that choose how they exit are left alone.
public final class DepthValve: Sendable {
    /// What may be lost.
    public struct Options: Sendable, Equatable {
        /// The risk whose certificates are the levels.
        public var risk: Risk
        /// The greatest δ of a level, above 0 and below 1, where a request does not say less.
        public var maximumDelta: Double

        /// A bound.
        public init(risk: Risk, maximumDelta: Double) {
            self.risk = risk
            self.maximumDelta = maximumDelta
        }
    }

    /// What may be lost.
    public let options: Options
    private let state: Lock<DepthLevels> = Lock(DepthLevels(highest: 0))
    private let clock: @Sendable () -> Double
    private let answers: MetricFamily<Counter>

    /// A valve that is shut until it is told of models.
    ///
    /// - Parameters:
    ///   - options: what may be lost.
    ///   - registry: where to count.
    ///   - clock: seconds.
    public init(
        _ options: Options, registry: MetricRegistry,
        clock: @escaping @Sendable () -> Double = monotonicSeconds
    ) {
        self.options = options
        self.clock = clock
        answers = registry.counters(
            "shoal_depth_level_requests_total",
            help: "Requests that may be answered shallower under load, by the level that they got.",
            labels: ["level"], zeroes: [["0"]])
        registry.callback(
            "shoal_depth_level",
            help:
                "How shallow answers are because of load: 0 not at all, else the certificate of that rank."
        ) { [weak self] in Double(self?.level ?? 0) }
    }

    /// The level now.
    public var level: Int {
        state.withLock { $0.level(at: clock()) }
    }

    /// Has the levels of these models from now on.
    ///
    /// - Parameter models: all that are served.
    /// - Returns: whether there are any.
    public func use(_ models: [ServedModel]) -> Bool {
        let highest = models.reduce(0) { max($0, ladder(of: $1, upTo: nil).count) }
        state.withLock { $0.change(highest: highest) }
        return highest > 0
    }

    /// A certificate and the level that it answers a request at.
    public struct Choice: Sendable {
        /// What is promised, and of which rule.
        public let certificate: ExitCertificate
        /// Its rank by δ among those that may be followed, 1 or more.
        public let level: Int
    }

    /// What a request is answered by under the load of now.
    ///
    /// - Parameters:
    ///   - model: what translates it.
    ///   - maximumDelta: the greatest δ that it allows; nil: the valve's.
    ///   - waiting: seconds until what is under way is done.
    ///   - allowed: seconds that the request has.
    ///   - isUsable: whether a certificate may be followed, such as one that was not refuted.
    /// - Returns: nil: as ever.
    public func choice(
        for model: ServedModel, upTo maximumDelta: Double?, waiting: Double, allowed: Double,
        where isUsable: (ExitCertificate) -> Bool
    ) -> Choice? {
        let level = state.withLock {
            $0.observe(waiting: waiting, allowed: allowed, at: clock())
        }
        let steps = ladder(of: model, upTo: maximumDelta).prefix(level).filter(isUsable)
        guard let certificate = steps.last else {
            answers.labeled("0").increment()
            return nil
        }
        answers.labeled(String(steps.count)).increment()
        return Choice(certificate: certificate, level: steps.count)
    }

    /// The certificates of a model by rising δ, each cheaper than those before.
    func ladder(of model: ServedModel, upTo maximumDelta: Double?) -> [ExitCertificate] {
        let bound = min(maximumDelta ?? options.maximumDelta, options.maximumDelta)
        var steps: [ExitCertificate] = []
        let own = model.certificates.filter { $0.risk == options.risk && $0.delta <= bound }
        for certificate in own.sorted(by: { ($0.delta, $0.operations) < ($1.delta, $1.operations) })
        where certificate.operations < steps.last?.operations ?? Self.leastSaving {
            steps.append(certificate)
        }
        return steps
    }

    /// Operations, of full depth's, above which a rule saves nothing that is worth a promise.
    private static let leastSaving = 0.98
}

extension TranslationService {
    /// Seconds until all that was taken is done, as estimated; 0 while nothing has been measured.
    public var expectedSeconds: Double { queue.withLock { $0.backlog.seconds } }
}
