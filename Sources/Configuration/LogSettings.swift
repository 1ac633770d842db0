package import Logging
import TranslationAPI

/// What `shoal serve` writes to standard error, and how.
package struct LogSettings {
    package var level = Level.info
    package var format = Format.text
    /// Whether each request is logged: method, route, status, size, duration; never its text.
    package var access = false

    /// Routes that `access` leaves out: by default what is asked every few seconds.
    package var accessExclude = ["/livez", "/readyz", "/startupz", "/metrics"]

    /// All routes that can be left out.
    static let routes = Set(TranslationAPI.routes.map(\.label))

    package enum Level: String, CaseIterable {
        case error, warning, info, debug

        /// The level as the logger has it.
        package var threshold: Logger.Level {
            switch self {
            case .error: .error
            case .warning: .warning
            case .info: .info
            case .debug: .debug
            }
        }
    }

    package enum Format: String, CaseIterable {
        /// For people: time, level, message, fields.
        case text
        /// For machines: an object a line.
        case json
    }
}
