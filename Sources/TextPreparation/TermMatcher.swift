/// Finds given texts in another, all in one pass: the automaton of Aho and Corasick (1975).
///
/// Letters and digits beside a match count as `Edges` says.
public struct TermMatcher: Sendable {
    /// Where one of the terms stands.
    public struct Match: Sendable, Equatable {
        /// The place of the term in the list.
        public let term: Int
        /// The range, in Unicode scalars.
        public let range: Range<Int>
    }

    /// What may not stand beside a match.
    public enum Edges: Sendable {
        /// A letter or digit beside a letter or digit, unless the script writes no blanks: whole words are found.
        case words
        /// A digit beside a digit: no part of a number is found.
        case numbers
    }

    private struct State: Sendable {
        var next: [UInt32: Int] = [:]
        var failure = 0
        /// The longest term that ends here, by its place in the list.
        var term: Int?
        /// The nearest state by failures at which a term ends.
        var shorter: Int?
    }

    private var states = [State()]
    private var lengths: [Int] = []
    private let ignoresCase: Bool
    private let edges: Edges

    /// Builds the automaton, in time proportional to the length of all terms.
    ///
    /// - Parameters:
    ///   - terms: the texts; empty ones are found nowhere.
    ///   - ignoresCase: whether letters match whatever their case, by the simple mappings of single scalars.
    ///   - edges: what may not stand beside a match.
    public init(_ terms: [String], ignoresCase: Bool = false, edges: Edges = .words) {
        self.ignoresCase = ignoresCase
        self.edges = edges
        for (index, term) in terms.enumerated() { insert(Array(term.unicodeScalars), index) }
        link()
    }

    private mutating func insert(_ term: [Unicode.Scalar], _ index: Int) {
        lengths.append(term.count)
        guard !term.isEmpty else { return }
        var state = 0
        for scalar in term {
            let value = folded(scalar)
            if let next = states[state].next[value] {
                state = next
            } else {
                states.append(State())
                states[state].next[value] = states.count - 1
                state = states.count - 1
            }
        }
        if states[state].term == nil { states[state].term = index }
    }

    /// Sets the failures, breadth first.
    private mutating func link() {
        var queue = [0]
        var head = 0
        while head < queue.count {
            let state = queue[head]
            head += 1
            for (value, child) in states[state].next {
                queue.append(child)
                guard state != 0 else { continue }
                let failure = step(states[state].failure, value)
                states[child].failure = failure
                states[child].shorter =
                    states[failure].term == nil ? states[failure].shorter : failure
            }
        }
    }

    private func step(_ state: Int, _ value: UInt32) -> Int {
        var state = state
        while true {
            if let next = states[state].next[value] { return next }
            if state == 0 { return 0 }
            state = states[state].failure
        }
    }

    private func folded(_ scalar: Unicode.Scalar) -> UInt32 {
        guard ignoresCase else { return scalar.value }
        let lowered = scalar.properties.lowercaseMapping.unicodeScalars
        guard lowered.count == 1, let first = lowered.first else { return scalar.value }
        return first.value
    }

    /// The matches in a text, by their ends, the longest whole one at each end; they may overlap.
    ///
    /// - Parameter scalars: the text.
    /// - Returns: at most one match for each scalar.
    public func matches(in scalars: [Unicode.Scalar]) -> [Match] {
        guard states.count > 1 else { return [] }
        var found: [Match] = []
        var state = 0
        for (index, scalar) in scalars.enumerated() {
            state = step(state, folded(scalar))
            var ending = states[state].term == nil ? states[state].shorter : state
            // Shorter terms that end here are tried only while the longer ones are no whole words.
            var tries = 8
            while let current = ending, tries > 0, let term = states[current].term {
                let range = (index + 1 - lengths[term])..<(index + 1)
                if isWhole(range, scalars) {
                    found.append(Match(term: term, range: range))
                    break
                }
                ending = states[current].shorter
                tries -= 1
            }
        }
        return found
    }

    private func isWhole(_ range: Range<Int>, _ scalars: [Unicode.Scalar]) -> Bool {
        let first = range.lowerBound
        let last = range.upperBound
        let joinsBefore = first > 0 && isOneWord(scalars[first - 1], scalars[first])
        let joinsAfter = last < scalars.count && isOneWord(scalars[last - 1], scalars[last])
        return !joinsBefore && !joinsAfter
    }

    private func isOneWord(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> Bool {
        switch edges {
        case .words: Self.isWord(left) && Self.isWord(right)
        case .numbers: SpanScanner.isDigit(left) && SpanScanner.isDigit(right)
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        !SpacelessScript.contains(scalar) && SpanScanner.isWord(scalar)
    }
}

/// Scripts that write no blanks between words: Han, Hiragana, Katakana, Bopomofo, Yi, Thai, Lao, Khmer, Myanmar.
enum SpacelessScript {
    /// Whether a scalar, a letter or a mark of punctuation, belongs to one of them.
    static func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xE00...0xEFF, 0x1000...0x109F, 0x1780...0x17FF, 0x2E80...0x312F, 0x31A0...0xA4CF,
            0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF9F, 0x1B000...0x1B16F, 0x20000...0x3FFFF:
            true
        default: false
        }
    }
}
