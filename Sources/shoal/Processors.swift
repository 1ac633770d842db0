import Glibc

/// The processors that this process may use.
enum Processors {
    /// Those of the machine, or fewer where a container's quota says so; at least 1.
    static var available: Int {
        let online = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        return min(online, quota ?? online)
    }

    /// `cpu.max` of control groups version 2: microseconds of processor time in a period, rounded up to
    /// whole processors.
    private static var quota: Int? {
        guard access("/sys/fs/cgroup/cpu.max", R_OK) == 0,
            let line = try? readLines("/sys/fs/cgroup/cpu.max").first
        else { return nil }
        let parts = line.split(separator: " ")
        guard parts.count == 2, let time = Double(parts[0]), let period = Double(parts[1]),
            time > 0, period > 0
        else { return nil }
        return max(1, Int((time / period).rounded(.up)))
    }
}
