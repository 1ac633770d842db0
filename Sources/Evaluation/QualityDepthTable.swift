/// Quality against depth: what each exit policy reached, and what it cost.
///
/// Layers saved and operations saved stand side by side, since classifiers and skipped positions'
/// keys and values cost operations too (method.md §4).
public struct QualityDepthTable: Sendable, Equatable {
    /// What one policy reached on a test set.
    public struct Row: Sendable, Equatable {
        /// The policy with its parameters, for example "confidence 0.9".
        public let name: String
        /// BLEU, 0 to 100.
        public let bleu: Double
        /// chrF2, 0 to 100.
        public let chrF: Double
        /// What it cost.
        public let cost: Cost
        /// How it compares; nil where nothing was compared.
        public let significance: Significance?

        /// States a result.
        public init(
            name: String, quality: (bleu: Double, chrF: Double), cost: Cost,
            significance: Significance? = nil
        ) {
            self.name = name
            bleu = quality.bleu
            chrF = quality.chrF
            self.cost = cost
            self.significance = significance
        }
    }

    /// What a policy cost.
    public struct Cost: Sendable, Equatable {
        /// The mean exit layer over the target tokens, end of sentence counted.
        public let averageExit: Double
        /// N.
        public let layerCount: Int
        /// Decoder operations for each target token, classifiers and heads counted.
        public let operationsPerToken: Double
        /// The operations of the same steps at full depth.
        public let fullDepthOperationsPerToken: Double

        /// States a cost.
        public init(
            averageExit: Double, layerCount: Int, operationsPerToken: Double,
            fullDepthOperationsPerToken: Double
        ) {
            self.averageExit = averageExit
            self.layerCount = layerCount
            self.operationsPerToken = operationsPerToken
            self.fullDepthOperationsPerToken = fullDepthOperationsPerToken
        }

        /// 1 − average exit / N.
        public var layersSaved: Double { 1 - averageExit / Double(layerCount) }

        /// 1 − operations / operations at full depth: negative where asking costs more than it saves.
        public var operationsSaved: Double { 1 - operationsPerToken / fullDepthOperationsPerToken }
    }

    /// A policy's BLEU beside full depth's and beside the line through the fixed depths.
    public struct Significance: Sendable, Equatable {
        /// BLEU less full depth's.
        public let fullDepthDifference: Double
        /// The paired bootstrap's p-value of it; nil where the scores are equal.
        public let fullDepthPValue: Double?
        /// Against the lines; nil for the fixed depths, which are on them.
        public let line: DepthLineComparisons?

        /// States a comparison.
        public init(
            fullDepthDifference: Double, fullDepthPValue: Double?, line: DepthLineComparisons?
        ) {
            self.fullDepthDifference = fullDepthDifference
            self.fullDepthPValue = fullDepthPValue
            self.line = line
        }
    }

    /// The rows in the order that they were given.
    public let rows: [Row]

    /// A table of these rows.
    public init(rows: [Row]) {
        self.rows = rows
    }

    /// Whether no row beats this one in both BLEU and operations.
    ///
    /// A row that equals another in one and is worse in the other is beaten; equal rows are not.
    /// Costs O(rows).
    ///
    /// - Parameter row: a row of this table.
    /// - Returns: whether it is worth choosing.
    public func isOnFrontier(_ row: Row) -> Bool {
        let operations = row.cost.operationsPerToken
        return !rows.contains { other in
            other.bleu >= row.bleu && other.cost.operationsPerToken <= operations
                && (other.bleu > row.bleu || other.cost.operationsPerToken < operations)
        }
    }
}
