import Glibc

/// The standard `process_*` metrics, read from /proc when they are asked for.
public enum ProcessMetrics {
    /// Adds them to a registry.
    public static func register(in registry: MetricRegistry) {
        registry.callback(
            "process_cpu_seconds_total", help: "User and system CPU time spent.", kind: .counter,
            read: { cpuSeconds() })
        registry.callback(
            "process_resident_memory_bytes", help: "Resident memory.",
            read: { statField(21).map { $0 * Double(sysconf(Int32(_SC_PAGESIZE))) } })
        registry.callback(
            "process_virtual_memory_bytes", help: "Virtual memory.", read: { statField(20) })
        registry.callback(
            "process_start_time_seconds", help: "Start of the process since the Unix epoch.",
            read: { startTime() })
        registry.callback(
            "process_open_fds", help: "Open file descriptors.", read: { openDescriptors() })
        registry.callback(
            "process_max_fds", help: "Largest number of open file descriptors.",
            read: { maximumDescriptors() })
    }

    private static func cpuSeconds() -> Double? {
        guard let user = statField(11), let system = statField(12) else { return nil }
        return (user + system) / ticksPerSecond
    }

    private static var ticksPerSecond: Double { Double(sysconf(Int32(_SC_CLK_TCK))) }

    private static func startTime() -> Double? {
        guard let ticks = statField(19), let uptime = read("/proc/uptime"),
            let seconds = uptime.split(separator: " ").first.flatMap({ Double($0) })
        else { return nil }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Double(now.tv_sec) - seconds + ticks / ticksPerSecond
    }

    private static func openDescriptors() -> Double? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Less ".", ".." and the descriptor of the directory itself.
        return Double(count - 3)
    }

    private static func maximumDescriptors() -> Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else {
            return nil
        }
        return Double(limit.rlim_cur)
    }

    /// A field of /proc/self/stat, counted from 0 behind the program's name (proc(5) counts from 3).
    private static func statField(_ index: Int) -> Double? {
        guard let stat = read("/proc/self/stat"), let end = stat.lastIndex(of: ")") else {
            return nil
        }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        return index < fields.count ? Double(fields[index]) : nil
    }

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { buffer in
            let count = Glibc.read(file, buffer.baseAddress, buffer.count)
            return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
        }
    }
}
