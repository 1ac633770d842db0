/// Builds SVG text; all that comes from outside is escaped here and nowhere else.
struct SVGWriter {
    private(set) var text = ""
    private var open: [String] = []

    /// Writes an element without content.
    mutating func empty(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        text += indentation + tag(name, attributes) + "/>\n"
    }

    /// Writes an element that holds text only.
    mutating func leaf(
        _ name: String, _ attributes: KeyValuePairs<String, String>, _ content: String
    ) {
        text += indentation + tag(name, attributes) + ">\(Self.escaped(content))</\(name)>\n"
    }

    /// Writes an element with others in it.
    mutating func group(
        _ name: String, _ attributes: KeyValuePairs<String, String>,
        _ body: (inout SVGWriter) -> Void
    ) {
        text += indentation + tag(name, attributes) + ">\n"
        open.append(name)
        body(&self)
        open.removeLast()
        text += indentation + "</\(name)>\n"
    }

    private var indentation: String { String(repeating: "  ", count: open.count) }

    private func tag(_ name: String, _ attributes: KeyValuePairs<String, String>) -> String {
        "<" + name + attributes.map { " \($0)=\"\(Self.escaped($1))\"" }.joined()
    }

    /// Text as XML 1.0 takes it in content and in attributes: the five special characters as
    /// entities, characters that XML has no form for as U+FFFD.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r": result += " "
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// A coordinate in the fewest digits, at most two of them decimals.
func coordinate(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    let whole = rounded.rounded()
    // Negative zero is written as zero.
    return whole == rounded ? "\(Int(whole))" : "\(rounded)"
}
