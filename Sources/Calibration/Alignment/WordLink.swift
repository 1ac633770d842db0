/// A word of a source text with one of its translation, both from 0.
public struct WordLink: Sendable, Hashable {
    /// Index of the source word.
    public let source: Int
    /// Index of the target word.
    public let target: Int

    /// Links two words.
    public init(source: Int, target: Int) {
        self.source = source
        self.target = target
    }
}

/// The links that a judge gives a pair of sentences.
public struct ReferenceLinks: Sendable, Equatable {
    /// Links that must be found.
    public let sure: Set<WordLink>
    /// Links that may be found, the sure ones included.
    public let possible: Set<WordLink>

    /// States links; `possible` need not repeat the sure ones.
    public init(sure: Set<WordLink>, possible: Set<WordLink>) {
        self.sure = sure
        self.possible = possible.union(sure)
    }

    /// Reads `0-0 1-2 3?4`: source word, target word, sure with a hyphen, possible with a question mark.
    ///
    /// Nil where it is anything else.
    ///
    /// - Parameter text: links with blanks between.
    public init?(_ text: String) {
        var (sure, possible): (Set<WordLink>, Set<WordLink>) = ([], [])
        for item in text.split(separator: " ") {
            let isSure = item.contains("-")
            let parts = item.split(separator: isSure ? "-" : "?", omittingEmptySubsequences: false)
            guard parts.count == 2, let source = Int(parts[0]), let target = Int(parts[1]),
                source >= 0, target >= 0
            else { return nil }
            let link = WordLink(source: source, target: target)
            if isSure { sure.insert(link) } else { possible.insert(link) }
        }
        self.init(sure: sure, possible: possible)
    }
}

/// How found links compare with those of a judge (Och and Ney 2003, section 5.1).
public struct AlignmentScore: Sendable, Equatable {
    private var found = 0
    private var sure = 0
    private var foundSure = 0
    private var foundPossible = 0

    /// Nothing compared yet.
    public init() {}

    /// Adds a pair of sentences.
    public mutating func add(_ links: Set<WordLink>, _ reference: ReferenceLinks) {
        found += links.count
        sure += reference.sure.count
        foundSure += links.intersection(reference.sure).count
        foundPossible += links.intersection(reference.possible).count
    }

    /// The share of the found links that are possible, 0 … 1.
    public var precision: Double { found == 0 ? 1 : Double(foundPossible) / Double(found) }

    /// The share of the sure links that were found, 0 … 1.
    public var recall: Double { sure == 0 ? 1 : Double(foundSure) / Double(sure) }

    /// The harmonic mean of precision and recall.
    public var f1: Double {
        precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall)
    }

    /// The alignment error rate, 0 … 1: lower is better.
    public var errorRate: Double {
        found + sure == 0 ? 0 : 1 - Double(foundSure + foundPossible) / Double(found + sure)
    }
}
