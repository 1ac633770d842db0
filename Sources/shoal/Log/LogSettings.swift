import Logging

/// What `shoal serve` writes to standard error, and how.
struct LogSettings {
    var level = Level.info
    var format = Format.text
    /// Whether each request is logged: method, route, status, size, duration; never its text.
    var access = false

    enum Level: String, CaseIterable {
        case error, warning, info, debug

        /// The level as the logger has it.
        var threshold: Logger.Level {
            switch self {
            case .error: .error
            case .warning: .warning
            case .info: .info
            case .debug: .debug
            }
        }
    }

    enum Format: String, CaseIterable {
        /// For people: time, level, message, fields.
        case text
        /// For machines: an object a line.
        case json
    }
}
