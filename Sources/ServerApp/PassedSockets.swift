import Configuration
import Glibc

/// The sockets that a service manager opened for this process, so that it may start when the first client
/// comes (sd_listen_fds(3)).
struct PassedSockets {
    /// The name of the one for metrics and probes (FileDescriptorName=).
    static let metricsName = "metrics"
    /// The descriptor of the first one.
    private static let first: Int32 = 3

    /// The one for requests.
    private(set) var requests: Int32?
    /// The one for metrics and probes.
    private(set) var metrics: Int32?

    /// Takes what the environment names out of it.
    ///
    /// - Throws: `Failure` where there are more than can be told apart.
    init() throws {
        let names = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]
        let values = names.map { name in getenv(name).map { String(cString: $0) } }
        for name in names { unsetenv(name) }
        // They may have been meant for a process that started this one.
        guard let id = values[0].flatMap({ Int32($0) }), id == getpid(),
            let count = values[1].flatMap({ Int32($0) }), (1...64).contains(count)
        else { return }
        let labels =
            values[2]?.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            ?? []
        for index in 0..<count {
            let isForMetrics =
                labels.indices.contains(Int(index)) && labels[Int(index)] == Self.metricsName
            let place = isForMetrics ? \Self.metrics : \Self.requests
            guard self[keyPath: place] == nil else {
                throw Failure(
                    "the service manager passed \(count) sockets (LISTEN_FDS): one is for requests, and one "
                        + "named \(Self.metricsName) may be for metrics and probes",
                    code: EX_CONFIGURATION)
            }
            self[keyPath: place] = Self.first + index
        }
    }
}
