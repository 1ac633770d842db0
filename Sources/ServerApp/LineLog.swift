import Configuration
import Glibc
import HTTPWire
import Logging

/// Log entries as lines: what is logged never waits for whoever reads them.
struct LineLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let format: LogSettings.Format
    private let output: LogOutput

    init(_ settings: LogSettings, _ output: LogOutput) {
        logLevel = settings.level.threshold
        format = settings.format
        self.output = output
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            .map { LogField($0.key, Self.value($0.value)) }
        let entry = LogEntry(
            seconds: Self.now, level: event.level.rawValue, message: "\(event.message)",
            fields: fields)
        output.write(format == .json ? entry.json : entry.text)
    }

    /// Numbers that were handed over as numbers stay numbers.
    private static func value(_ value: Logger.Metadata.Value) -> LogField.Value {
        guard case .stringConvertible(let value) = value else { return .text("\(value)") }
        return switch value {
        case let value as Int: .integer(value)
        case let value as Double: .number(value)
        default: .text("\(value)")
        }
    }

    /// Seconds since 1970.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
