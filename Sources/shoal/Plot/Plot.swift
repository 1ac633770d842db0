import ArgumentParser
import Charts
import Checkpoint
import Configuration
import Glibc
import System

/// The command `shoal plot`.
struct Plot: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw training curves, or quality against cost, as SVG.",
        discussion: """
            Examples:
              shoal plot loss runs/aligned/log.jsonl --output loss.svg
              shoal plot quality results.jsonl --against operations --output quality.svg
            """,
        subcommands: [PlotLoss.self, PlotQuality.self])
}

/// Where a chart goes, and what stands above it.
struct ChartFlags: ParsableArguments {
    @Option(
        name: .long, help: "File to write, replaced in one step (default: standard output).",
        completion: .file(extensions: ["svg"]))
    var output: String?

    @Option(name: .long, help: "What stands above the chart.")
    var title: String?

    /// Draws the chart and writes it.
    ///
    /// - Parameters:
    ///   - chart: what to draw.
    ///   - files: where its points come from.
    ///   - expected: what they should have held, for the error where there is no point.
    /// - Throws: `Failure` where there is nothing to draw, or the file cannot be written.
    func write(_ chart: LineChart, from files: [String], expected: String) throws {
        let svg: String
        do {
            svg = try chart.svg()
        } catch LineChart.Failure.empty {
            let names = files.joined(separator: ", ")
            throw Failure("\(names): no usable row; expected \(expected)", code: EX_DATAERR)
        } catch {
            throw Failure("\(files.joined(separator: ", ")): \(error)", code: EX_DATAERR)
        }
        guard let output else { return writeOutput(svg) }
        do {
            try AtomicFile.write(Array(svg.utf8), to: output)
        } catch {
            throw Failure("\(error)", code: EX_CANTCREAT)
        }
    }
}

/// What files are called in a legend.
///
/// - Parameter paths: the files.
/// - Returns: their names without directory and ending; the paths where names are the same.
func legendNames(_ paths: [String]) -> [String] {
    let names = paths.map { path in
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let stem = name.split(separator: ".").dropLast().joined(separator: ".")
        return stem.isEmpty ? name : stem
    }
    return Set(names).count == names.count ? names : paths
}
