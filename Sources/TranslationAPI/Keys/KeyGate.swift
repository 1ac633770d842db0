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

    /// Whether a request that brought these keys has one that is known; true where none is asked for.
    func knows(_ presented: [String]) -> Bool {
        state.withLock { state in
            guard let keys = state.keys else { return true }
            return presented.contains { keys.entry(of: $0) != nil }
        }
    }

    /// Lets a request pass.
    ///
    /// - Parameter presented: what it brought; some may be meant for others on its way.
    /// - Returns: the line of the key; nil where no keys are configured.
    /// - Throws: `unauthorized` without a key that is known, `rate_limited` where it comes too often.
    @discardableResult
    func admit(_ presented: [String]) throws(Problem) -> APIKey? {
        let time = now()
        return try state.withLock { state throws(Problem) in
            guard let keys = state.keys else { return nil }
            guard let entry = presented.lazy.compactMap(keys.entry).first else {
                throw refuse(hasKey: !presented.isEmpty)
            }
            if let wait = state.buckets[entry.name]?.take(at: time) { throw refuse(for: wait) }
            return entry
        }
    }

    /// Lets a request pass that changes what the server serves.
    ///
    /// - Parameter presented: the keys that it brought.
    /// - Throws: `forbidden` without a key whose line says `role=admin`, and where no keys are configured at all;
    ///   else as `admit`.
    func admitAdmin(_ presented: [String]) throws(Problem) {
        try admit(presented)
        let isAdmin = state.withLock { state in
            presented.contains { state.keys?.entry(of: $0)?.isAdmin == true }
        }
        guard isAdmin else {
            throw Problem(
                .forbidden,
                "this needs a key whose line in the file of keys (auth.keys_file) says role=admin")
        }
    }

    private func refuse(hasKey: Bool) -> Problem {
        rejected.labeled("unauthorized").increment()
        // RFC 6750 §3: the error is named only to those who brought a key.
        let challenge = "Bearer realm=\"shoal\"" + (hasKey ? ", error=\"invalid_token\"" : "")
        return Problem(
            .unauthorized,
            hasKey
                ? "the server does not know this key"
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
    /// Schemes of `Authorization` that bring a key: RFC 6750 §2.1, and that of DeepL's clients.
    private static let keySchemes: Set = ["bearer", "deepl-auth-key"]

    /// The keys that a request brings in fields: those of `Authorization`, which may be for a proxy on its
    /// way, then those of `X-Api-Key`; an empty one is none.
    var presentedKeys: [String] {
        let credentials = self[values: .authorization].compactMap { value -> String? in
            // RFC 9110 §11.4: the scheme in any case, one or more spaces, the credentials.
            let scheme = value.prefix { $0 != " " && $0 != "\t" }
            guard Self.keySchemes.contains(scheme.lowercased()) else { return nil }
            let rest = Array(value.utf8.dropFirst(scheme.utf8.count)).trimmingBlanks()
            return String(decoding: rest, as: UTF8.self)
        }
        return (credentials + self[values: .apiKey]).filter { !$0.isEmpty }
    }
}
