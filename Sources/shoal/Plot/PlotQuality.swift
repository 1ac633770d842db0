import ArgumentParser
import Charts
import Checkpoint
import Configuration
import Glibc
import JSON

/// The command `shoal plot quality`.
struct PlotQuality: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quality",
        abstract: "Draw the BLEU of exit policies against what they cost.",
        discussion: """
            Takes the rows that `shoal evaluate --json` prints. The fixed depths are joined by a \
            dashed line, the settings of one policy by a curve. Several files are laid over each \
            other.

            Examples:
              shoal plot quality results.jsonl --output quality.svg
              shoal plot quality results.jsonl --against operations > operations.svg
            """)

    /// What the horizontal axis measures.
    enum Cost: String, CaseIterable, ExpressibleByArgument {
        case exit, operations

        var title: String {
            switch self {
            case .exit: "average exit layer"
            case .operations: "decoder operations per token (% of full depth)"
            }
        }
    }

    @Argument(help: "Files of rows, one a line.", completion: .file())
    var results: [String]

    @Option(
        name: .long,
        help: "The cost: exit, the average exit layer, or operations, as a share of full depth.")
    var against = Cost.exit

    @OptionGroup var chart: ChartFlags

    func run() throws {
        try Failure.reporting {
            let sets = try zip(results, legendNames(results)).map { path, name in
                QualityPoints(name: name, results: try JSONLine.read(path).map(result))
            }
            try chart.write(
                .quality(
                    sets, title: chart.title ?? "Quality against depth", costTitle: against.title),
                from: results, expected: "rows as shoal evaluate --json prints them")
        }
    }

    private func result(_ line: JSONLine) throws -> QualityPoints.Result {
        let policy = try line.string("policy")
        return QualityPoints.Result(
            policy: policy, name: try line.string("name"), cost: try cost(line),
            bleu: try line.number("bleu"),
            isFixedDepth: ExitPolicy(rawValue: policy)?.isConstant == true)
    }

    private func cost(_ line: JSONLine) throws -> Double {
        switch against {
        case .exit: return try line.number("average_exit_layer")
        case .operations:
            let full = try line.number("full_depth_operations_per_token")
            guard full > 0 else {
                throw Failure(
                    "\(line.place): `full_depth_operations_per_token` must be above 0",
                    code: EX_DATAERR)
            }
            return 100 * (try line.number("operations_per_token")) / full
        }
    }
}
