import HTTPServer
import HTTPWire
import Logging
import System
import Telemetry
import TranslationAPI

/// Counts what the HTTP server does, and logs requests where that is asked for.
struct ServerMetrics: ServerObserver {
    private let requests: MetricFamily<Counter>
    private let duration: MetricFamily<Histogram>
    private let connections: Gauge
    private let parseErrors: MetricFamily<Counter>
    private let handshakeFailures: Counter
    private let access: AccessLog?
    /// What answers of each kind are counted by.
    private let counted = Lock<[AnswerKind: AnswerCount]>([:])

    /// Of closed sets, as labels are.
    private struct AnswerKind: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private struct AnswerCount {
        let requests: Counter
        let seconds: Histogram
    }

    private static let routes = Set(TranslationAPI.routes.map(\.label))
    private static let methods: Set = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE",
    ]

    /// Where each request is logged.
    final class AccessLog: Sendable {
        let log: Logger
        /// Routes that are left out: all their requests but the first, which shows that somebody asks, and
        /// those that fail.
        private let excluded: Set<String>
        private let seen = Lock<Set<String>>([])

        init(log: Logger, excluded: Set<String>) {
            self.log = log
            self.excluded = excluded
        }

        /// Whether a request has its line.
        func hasLine(route: String, status: Int) -> Bool {
            guard excluded.contains(route), status < 400 else { return true }
            return seen.withLock { $0.insert(route).inserted }
        }
    }

    /// - Parameters:
    ///   - registry: where to count.
    ///   - access: where to log each request; nil: nowhere.
    init(_ registry: MetricRegistry, _ access: AccessLog?) {
        self.access = access
        requests = registry.counters(
            "shoal_http_requests_total", help: "Requests by method, route and status.",
            labels: ["method", "route", "code"],
            zeroes: TranslationAPI.routes.map { [$0.method, $0.label, "200"] })
        duration = registry.histograms(
            "shoal_http_request_duration_seconds",
            help: "Time from a request's arrival until its answer is handed over.",
            bounds: MetricRegistry.seconds,
            labels: ["route"], zeroes: TranslationAPI.routes.map { [$0.label] })
        connections = registry.gauge("shoal_http_connections_open", help: "Open connections.")
        parseErrors = registry.counters(
            "shoal_http_parse_errors_total", help: "Requests that HTTP itself forbids.",
            labels: ["kind"], zeroes: HTTPFailure.Code.allCases.map { [$0.rawValue] })
        handshakeFailures = registry.counter(
            "shoal_http_handshake_failures_total",
            help: "Connections that ended before their TLS handshake did.")
    }

    func connectionOpened() { connections.add(1) }

    func connectionClosed() { connections.add(-1) }

    func handshakeFailed() { handshakeFailures.increment() }

    func failed(_ failure: HTTPFailure) { parseErrors.labeled(failure.code.rawValue).increment() }

    func finished(_ record: RequestRecord) {
        let method = Self.methods.contains(record.method) ? record.method : "other"
        let route = Self.routes.contains(record.route) ? record.route : "other"
        count(AnswerKind(method: method, route: route, status: record.status), record.seconds)
        guard let access, access.hasLine(route: route, status: record.status) else { return }
        var metadata: Logger.Metadata = [
            "method": "\(method)", "route": "\(route)",
            "status": .stringConvertible(record.status),
            "bytes": .stringConvertible(record.bodyBytes),
            "duration_ms": .stringConvertible((record.seconds * 1e6).rounded() / 1000),
        ]
        for field in record.logFields {
            metadata[field.name] =
                switch field.value {
                case .text(let text): .string(text)
                case .integer(let count): .stringConvertible(count)
                case .number(let number): .stringConvertible(number)
                }
        }
        access.log.info("request", metadata: metadata)
    }

    private func count(_ kind: AnswerKind, _ seconds: Double) {
        let count = counted.withLock { counted -> AnswerCount in
            if let known = counted[kind] { return known }
            let new = AnswerCount(
                requests: requests.labeled(kind.method, kind.route, String(kind.status)),
                seconds: duration.labeled(kind.route))
            counted[kind] = new
            return new
        }
        count.requests.increment()
        count.seconds.observe(seconds)
    }
}
