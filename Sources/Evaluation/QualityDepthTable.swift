/// Quality against depth: what each exit policy reached, and what it cost.
///
/// Layers saved and operations saved stand side by side, since classifiers and skipped positions'
/// keys and values cost operations too (method.md §4).
public struct QualityDepthTable: Sendable, Equatable {
    /// What one policy reached on a test set.
    public struct Row: Sendable, Equatable {
        /// The policy with its parameters, for example "confidence τ=0.9".
        public let name: String
        /// BLEU, 0 to 100.
        public let bleu: Double
        /// chrF2, 0 to 100.
        public let chrF: Double
        /// The mean exit layer over the target tokens, end of sentence counted.
        public let averageExit: Double
        /// Decoder operations for each target token, classifiers and heads counted.
        public let operationsPerToken: Double
        /// Decoding time of the whole set in milliseconds, nil where it was not measured.
        public let milliseconds: Double?

        /// States a result.
        public init(
            name: String, quality: (bleu: Double, chrF: Double), averageExit: Double,
            operationsPerToken: Double, milliseconds: Double? = nil
        ) {
            self.name = name
            bleu = quality.bleu
            chrF = quality.chrF
            self.averageExit = averageExit
            self.operationsPerToken = operationsPerToken
            self.milliseconds = milliseconds
        }
    }

    /// Full depth, which the others are compared with; its average exit is N.
    public let fullDepth: Row
    /// The other rows, in the order that they were given.
    public let rows: [Row]

    /// Puts full depth at the head of other rows.
    public init(fullDepth: Row, rows: [Row]) {
        self.fullDepth = fullDepth
        self.rows = rows
    }

    /// 1 − average exit / average exit at full depth.
    public func layersSaved(_ row: Row) -> Double {
        1 - row.averageExit / fullDepth.averageExit
    }

    /// 1 − operations / operations at full depth, negative where classifiers cost more than is saved.
    public func operationsSaved(_ row: Row) -> Double {
        1 - row.operationsPerToken / fullDepth.operationsPerToken
    }

    /// The rows, full depth among them, that no row beats in both BLEU and operations.
    ///
    /// A row that equals another in one and is worse in the other is left out; of equal rows all
    /// stay. Ordered by operations, fewest first.
    public var frontier: [Row] {
        let all = [fullDepth] + rows
        let best = all.filter { row in
            !all.contains { other in
                other.bleu >= row.bleu && other.operationsPerToken <= row.operationsPerToken
                    && (other.bleu > row.bleu || other.operationsPerToken < row.operationsPerToken)
            }
        }
        return best.sorted { $0.operationsPerToken < $1.operationsPerToken }
    }

    /// The table in Markdown, full depth first; "–" where nothing was measured.
    public var markdown: String {
        let head = """
            | policy | BLEU | chrF2 | average exit | layers saved | operations saved | ms |
            | --- | ---: | ---: | ---: | ---: | ---: | ---: |
            """
        let lines = ([fullDepth] + rows).map { row in
            let cells = [
                row.name.replacing("|", with: "\\|"), Self.fixed(row.bleu, 2),
                Self.fixed(row.chrF, 2), Self.fixed(row.averageExit, 2),
                Self.fixed(100 * layersSaved(row), 1) + " %",
                Self.fixed(100 * operationsSaved(row), 1) + " %",
                row.milliseconds.map { Self.fixed($0, 0) } ?? "–",
            ]
            return "| \(cells.joined(separator: " | ")) |"
        }
        return ([head] + lines).joined(separator: "\n") + "\n"
    }

    /// A number with 0 to 6 decimals, halves rounded to even; "–" if it is not finite.
    private static func fixed(_ value: Double, _ decimals: Int) -> String {
        let power = (0..<decimals).reduce(1.0) { product, _ in 10 * product }
        guard let scaled = Int64(exactly: (value * power).rounded(.toNearestOrEven)) else {
            return "–"
        }
        let sign = scaled < 0 ? "-" : ""
        let digits = String(scaled.magnitude)
        guard decimals > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(decimals + 1 - digits.count, 0)) + digits
        return "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
    }
}
