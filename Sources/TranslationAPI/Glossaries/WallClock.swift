import Glibc

/// The time of day.
enum WallClock {
    /// Seconds since 1970.
    static var seconds: Int {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return now.tv_sec
    }

    /// A time as ISO 8601 writes it, in UTC and with microseconds.
    ///
    /// - Parameter seconds: since 1970.
    /// - Returns: such as `2026-11-28T21:08:53.000000Z`.
    static func timestamp(_ seconds: Int) -> String {
        var whole = seconds
        var parts = tm()
        gmtime_r(&whole, &parts)
        func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map(padded)
        let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map(padded)
        return date.joined(separator: "-") + "T" + time.joined(separator: ":") + ".000000Z"
    }
}
