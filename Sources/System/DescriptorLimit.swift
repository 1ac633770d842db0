import Glibc

/// How many descriptors the process may have open (RLIMIT_NOFILE).
public struct DescriptorLimit: Sendable, Equatable {
    /// Descriptors at once; where the system sets no bound, the largest number.
    public let descriptors: Int

    /// Descriptors for everything but connections: models being loaded, listeners, logs.
    public static let reserve = 64

    /// A limit of that size.
    public init(descriptors: Int) {
        self.descriptors = descriptors
    }

    /// Raises the limit that is in force to the highest that the process may set for itself.
    ///
    /// - Returns: what is in force now; the old limit where the system refuses.
    public static func raise() -> DescriptorLimit {
        let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return DescriptorLimit(descriptors: .max) }
        var raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
        if limit.rlim_cur < limit.rlim_max, setrlimit(resource, &raised) == 0 { limit = raised }
        return DescriptorLimit(descriptors: Int(clamping: limit.rlim_cur))
    }

    /// How many connections can be open beside everything else, at least one: half of a limit that is no
    /// larger than twice the reserve.
    public var connections: Int {
        max(1, descriptors - min(Self.reserve, descriptors / 2))
    }
}
