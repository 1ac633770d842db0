import HTTPTypes
import System
import Telemetry

/// Lets requests pass that bring a key, each key at its rate; all of them where no keys are configured.
final class KeyGate: Sendable {
    private struct State {
        var keys: APIKeys?
        var buckets: [String: TokenBucket] = [:]
    }

    private let state = Lock(State())
    private let now: @Sendable () -> Double
    private let rejected: MetricFamily<Counter>

    /// A gate that is open.
    ///
    /// - Parameters:
    ///   - rejected: counts by the reasons unauthorized and rate_limited.
    ///   - now: seconds, for rates.
    init(rejected: MetricFamily<Counter>, now: @escaping @Sendable () -> Double) {
        self.rejected = rejected
        self.now = now
    }

    /// Knows other keys from now on; a holder whose limit stays the same keeps what it has left.
    func replace(_ keys: APIKeys?) {
        let time = now()
        state.withLock { state in
            var buckets: [String: TokenBucket] = [:]
            for key in keys?.keys ?? [] {
                guard let limit = key.limit else { continue }
                let old = state.buckets[key.name]
                buckets[key.name] =
                    old?.limit == limit ? old : TokenBucket(limit, at: time)
            }
            state = State(keys: keys, buckets: buckets)
        }
    }

    /// Whether no keys are configured.
    var isOpen: Bool { state.withLock { $0.keys == nil } }

    /// Lets a request pass.
    ///
    /// - Parameter key: what it brought.
    /// - Throws: `unauthorized` without a key that is known, `rate_limited` where it comes too often.
    func admit(_ key: String?) throws(Problem) {
        let time = now()
        try state.withLock { state throws(Problem) in
            guard let keys = state.keys else { return }
            guard let entry = key.flatMap(keys.entry) else { throw refuse(hasKey: key != nil) }
            if let wait = state.buckets[entry.name]?.take(at: time) { throw refuse(for: wait) }
        }
    }

    private func refuse(hasKey: Bool) -> Problem {
        rejected.labeled("unauthorized").increment()
        // RFC 6750 §3: the error is named only to those who brought a key.
        let challenge = "Bearer realm=\"shoal\"" + (hasKey ? ", error=\"invalid_token\"" : "")
        return Problem(
            .unauthorized,
            hasKey
                ? "the key is not known here"
                : "a key is needed: Authorization: Bearer KEY, or X-Api-Key: KEY",
            fields: [.wwwAuthenticate: challenge])
    }

    private func refuse(for wait: Double) -> Problem {
        rejected.labeled("rate_limited").increment()
        let seconds = max(1, Int(wait.rounded(.up)))
        return Problem(
            .rateLimited, "this key's rate is used up; try again in \(seconds) s",
            fields: [.retryAfter: String(seconds)])
    }
}

extension HTTPFields {
    /// The key that a request brings: `Authorization: Bearer` (RFC 6750 §2.1), else `X-Api-Key`.
    var presentedKey: String? {
        let parts = self[.authorization]?.split(separator: " ", maxSplits: 1) ?? []
        if parts.count == 2, parts[0].lowercased() == "bearer" { return String(parts[1]) }
        return self[.apiKey]
    }
}
