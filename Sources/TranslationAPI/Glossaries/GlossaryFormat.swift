public import TextPreparation

/// How the entries of a glossary are written.
public enum GlossaryFormat: String, CaseIterable, Sendable {
    /// A source and a target in each line, with a tab between.
    case tsv
    /// A source and a target in each row, with a comma between (RFC 4180); DeepL's files have two codes of languages behind
    /// them, which are passed over.
    case csv

    /// Reads entries.
    ///
    /// - Parameter text: all of them.
    /// - Returns: a glossary whose words are found as they are written.
    /// - Throws: the first entry that is at fault.
    public func read(_ text: String) throws(GlossaryError) -> Glossary {
        let entries = self == .csv ? try CommaSeparatedValues.entries(text) : nil
        do throws(Glossary.Fault) {
            if let entries { return try Glossary(entries) }
            return try Glossary(tabSeparated: text)
        } catch {
            throw GlossaryError(error)
        }
    }

    /// Writes entries as tab-separated values.
    static func tabSeparated(_ glossary: Glossary) -> String {
        glossary.entries.map { "\($0.source)\t\($0.target)" }.joined(separator: "\n")
    }
}

/// Why a text is no glossary: which entry is at fault and how, without its words.
public struct GlossaryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, and where.
    public let description: String

    init(_ fault: Glossary.Fault) { self.init(entry: fault.entry, fault.reason) }

    init(entry: Int, _ reason: Glossary.Fault.Reason) {
        let words =
            switch reason {
            case .columns: "must be a source and a target, once each"
            case .empty: "has an empty source or target"
            case .control: "has a control character"
            case .repeated: "has the source of an earlier one"
            }
        description = "entry \(entry) of the glossary \(words)"
    }
}

/// Rows of values with commas between (RFC 4180); line ends of all kinds end a row.
enum CommaSeparatedValues {
    /// The entries of a glossary: rows of two values, or of four; blank rows are left out.
    static func entries(_ text: String) throws(GlossaryError) -> [Glossary.Entry] {
        var entries: [Glossary.Entry] = []
        for (index, row) in try rows(text).enumerated() where row != [""] {
            guard row.count == 2 || row.count == 4 else {
                throw GlossaryError(entry: index + 1, .columns)
            }
            entries.append(Glossary.Entry(source: row[0], target: row[1]))
        }
        return entries
    }

    /// The values of each row.
    private static func rows(_ text: String) throws(GlossaryError) -> [[String]] {
        var rows: [[String]] = [[]]
        var rest = text[...]
        while true {
            let value = try value(&rest, row: rows.count)
            rows[rows.count - 1].append(value)
            guard let separator = rest.popFirst() else { return rows }
            if separator == "," { continue }
            rows.append([])
        }
    }

    /// Takes a value, up to the comma or line end behind it.
    private static func value(_ rest: inout Substring, row: Int) throws(GlossaryError) -> String {
        guard rest.first == "\"" else {
            let value = rest.prefix { $0 != "," && !$0.isNewline }
            rest = rest[value.endIndex...]
            return String(value)
        }
        rest.removeFirst()
        var value = ""
        while let character = rest.popFirst() {
            guard character == "\"" else {
                value.append(character)
                continue
            }
            guard rest.first == "\"" else {
                guard rest.first.map({ $0 == "," || $0.isNewline }) != false else { break }
                return value
            }
            value.append(rest.removeFirst())
        }
        throw GlossaryError(entry: row, .columns)
    }
}
