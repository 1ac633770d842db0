import HTTPTypes
import HTTPWire
import System
import Telemetry

/// Holds the clients of each address to a rate, in bounded memory.
final class AddressLimiter: Sendable {
    /// Addresses that are remembered at once: two generations of half as many.
    ///
    /// Who is forgotten, the longest idle first, may begin anew.
    static let capacity = 1 << 14

    private struct State {
        var recent: [IPAddress: TokenBucket] = [:]
        var older: [IPAddress: TokenBucket] = [:]
    }

    private let limit: RateLimit
    private let trust: ProxyTrust
    private let now: @Sendable () -> Double
    private let rejected: MetricFamily<Counter>
    private let state = Lock(State())

    /// A limiter that knows nobody yet.
    ///
    /// - Parameters:
    ///   - limit: for each address.
    ///   - trust: which proxies say whom they ask for.
    ///   - rejected: counts by the reason rate_limited.
    ///   - now: seconds that only grow.
    init(
        _ limit: RateLimit, trust: ProxyTrust, rejected: MetricFamily<Counter>,
        now: @escaping @Sendable () -> Double
    ) {
        self.limit = limit
        self.trust = trust
        self.rejected = rejected
        self.now = now
    }

    /// Lets a request pass.
    ///
    /// - Throws: `rate_limited` where its address has used up its rate. Who comes by a Unix socket without
    ///   a proxy that names an address is not limited.
    func admit(_ request: ServerRequest) throws(Problem) {
        guard let address = trust.client(of: request) else { return }
        // A network of IPv6 has its first 64 bits, and may take any address below them.
        guard let wait = take(address.bytes.count == 16 ? address.prefix(64) : address) else {
            return
        }
        rejected.labeled("rate_limited").increment()
        let seconds = max(1, Int(wait.rounded(.up)))
        throw Problem(
            .rateLimited, "your address's rate is used up; try again in \(seconds) s",
            fields: [.retryAfter: String(seconds)])
    }

    /// Addresses that are remembered.
    var count: Int { state.withLock { $0.recent.count + $0.older.count } }

    private func take(_ address: IPAddress) -> Double? {
        let time = now()
        return state.withLock { state in
            var bucket =
                state.recent[address] ?? state.older.removeValue(forKey: address)
                ?? TokenBucket(limit, at: time)
            let wait = bucket.take(at: time)
            if state.recent.count >= Self.capacity / 2, state.recent[address] == nil {
                state.older = state.recent
                state.recent = [:]
            }
            state.recent[address] = bucket
            return wait
        }
    }
}
