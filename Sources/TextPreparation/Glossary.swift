/// Words and how each is to be translated.
///
/// An entry is found as a whole word or run of words. Without `ignoresCase` its letters match as they are written. With
/// it, any case matches, and the translation takes the case of what was found: all capitals, or a first capital.
public struct Glossary: Sendable {
    /// A word and its translation.
    public struct Entry: Sendable, Equatable {
        /// What is translated.
        public let source: String
        /// How it is translated.
        public let target: String

        /// - Parameters:
        ///   - source: what is translated.
        ///   - target: how it is translated.
        public init(source: String, target: String) {
            self.source = source
            self.target = target
        }
    }

    /// Why something is no glossary.
    public struct Fault: Error, Equatable {
        /// What is wrong with an entry.
        public enum Reason: Sendable, Equatable {
            /// There is not exactly one tab in the line.
            case columns
            /// The source or the target is empty, white space aside.
            case empty
            /// The source or the target has a control character.
            case control
            /// An earlier entry has the same source.
            case repeated
        }

        /// The entry's place: its line in a file, or its number, from 1.
        public let entry: Int
        /// What is wrong with it.
        public let reason: Reason
    }

    /// The entries, without the white space around them.
    public let entries: [Entry]
    private let ignoresCase: Bool
    private let matcher: TermMatcher

    /// Checks the entries, in time proportional to their length.
    ///
    /// - Parameters:
    ///   - entries: the words; their order does not matter.
    ///   - ignoresCase: whether they are found in any case.
    /// - Throws: the first entry that is empty, repeated or has control characters.
    public init(_ entries: [Entry], ignoresCase: Bool = false) throws(Fault) {
        var seen: Set<String> = []
        var trimmed: [Entry] = []
        for (index, entry) in entries.enumerated() {
            let entry = Entry(source: Self.trim(entry.source), target: Self.trim(entry.target))
            if let reason = Self.fault(of: entry) { throw Fault(entry: index + 1, reason: reason) }
            let key = ignoresCase ? entry.source.lowercased() : entry.source
            guard seen.insert(key).inserted else {
                throw Fault(entry: index + 1, reason: .repeated)
            }
            trimmed.append(entry)
        }
        self.entries = trimmed
        self.ignoresCase = ignoresCase
        matcher = TermMatcher(trimmed.map(\.source), ignoresCase: ignoresCase)
    }

    /// Reads tab-separated values: a source and a target on each line, as DeepL's glossaries have them.
    ///
    /// Blank lines are left out.
    ///
    /// - Parameters:
    ///   - text: the lines.
    ///   - ignoresCase: whether the words are found in any case.
    /// - Throws: the first line that is no entry.
    public init(tabSeparated text: String, ignoresCase: Bool = false) throws(Fault) {
        var entries: [Entry] = []
        var lines: [Int] = []
        let rows = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, row) in rows.enumerated() where row.contains(where: { !$0.isWhitespace }) {
            let columns = row.split(separator: "\t", omittingEmptySubsequences: false)
            guard columns.count == 2 else { throw Fault(entry: index + 1, reason: .columns) }
            entries.append(Entry(source: String(columns[0]), target: String(columns[1])))
            lines.append(index + 1)
        }
        do {
            try self.init(entries, ignoresCase: ignoresCase)
        } catch {
            throw Fault(entry: lines[error.entry - 1], reason: error.reason)
        }
    }

    private static func trim(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        return String(scalars[scalars.trimmed(scalars.indices)])
    }

    private static func fault(of entry: Entry) -> Fault.Reason? {
        for text in [entry.source, entry.target] {
            if text.isEmpty { return .empty }
            if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
                return .control
            }
        }
        return nil
    }

    /// The entries in a text, which may overlap.
    func spans(of scalars: [Unicode.Scalar]) -> [SpanMatch] {
        matcher.matches(in: scalars).map { match in
            let target = entries[match.term].target
            return SpanMatch(
                kind: .term, range: match.range,
                output: ignoresCase ? Self.cased(target, as: scalars[match.range]) : target)
        }
    }

    /// The text in the case of what was found.
    private static func cased(_ text: String, as found: ArraySlice<Unicode.Scalar>) -> String {
        let classes = found.map { SentenceBreakClass($0) }
        let upper = classes.count { $0 == .upper }
        if upper >= 2 && !classes.contains(.lower) { return text.uppercased() }
        return classes.first == .upper ? CaseRules.capitalised(text) : text
    }
}
