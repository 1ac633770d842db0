import Glibc
import HTTPWire
import JSON

/// One entry of a log.
struct LogEntry {
    /// Since 1970, UTC.
    let seconds: Double
    let level: String
    let message: String
    let fields: [LogField]

    /// A line for people, its fields behind the message.
    ///
    /// Control bytes, which could forge a line, are escaped.
    var text: [UInt8] {
        var line = "\(time) \(level) \(Self.visible(message))"
        for field in fields {
            line += " \(field.name)=\(Self.visible(field.value))"
        }
        return Array((line + "\n").utf8)
    }

    /// An object on a line.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        let names = [("time", time), ("level", level), ("message", message)]
        for field in names.map({ LogField($0.0, .text($0.1)) }) + fields {
            writer.name(field.name)
            switch field.value {
            case .text(let text): writer.value(text)
            case .integer(let count): writer.value(count)
            case .number(let number): writer.value(number)
            }
        }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// RFC 3339 with milliseconds.
    private var time: String {
        var whole = time_t(seconds)
        var parts = tm()
        gmtime_r(&whole, &parts)
        func digits(_ value: Int, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let date = [
            digits(Int(parts.tm_year) + 1900, 4), digits(Int(parts.tm_mon) + 1, 2),
            digits(Int(parts.tm_mday), 2),
        ].joined(separator: "-")
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits(Int($0), 2) }
            .joined(separator: ":")
        let milliseconds = Int((seconds - Double(whole)) * 1000)
        return "\(date)T\(clock).\(digits(milliseconds, 3))Z"
    }

    private static func visible(_ value: LogField.Value) -> String {
        switch value {
        case .text(let text):
            let text = visible(text)
            let isPlain = !text.isEmpty && !text.utf8.contains { $0 == 0x20 || $0 == 0x22 }
            return isPlain ? text : "\"\(text)\""
        case .integer(let count): return String(count)
        case .number(let number): return String(number)
        }
    }

    private static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            return text
        }
        return text.unicodeScalars.map { scalar in
            scalar.value < 0x20 || scalar.value == 0x7F
                ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }.joined()
    }
}
