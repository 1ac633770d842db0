import Glibc

/// The processors that this process may use.
package enum Processors {
    /// Those of the machine, or fewer where a container's quota says so; at least 1.
    package static var available: Int {
        let online = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        return min(online, quota ?? online)
    }

    /// `cpu.max` of control groups version 2: microseconds of processor time in a period, rounded up to
    /// whole processors.
    private static var quota: Int? {
        guard let file = fopen("/sys/fs/cgroup/cpu.max", "re") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
        let line = String(
            decoding: buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self)
        let parts = line.split(separator: " ")
        guard parts.count == 2, let time = Double(parts[0]), let period = Double(parts[1]),
            time > 0, period > 0
        else { return nil }
        return max(1, Int((time / period).rounded(.up)))
    }
}
