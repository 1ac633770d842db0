extension QualityDepthTable {
    /// The table in Markdown, with the BLEU of rows on the frontier in bold, a star where a row is
    /// significantly above the line, and "–" where there is nothing to say.
    public var markdown: String {
        let alignments = ["---"] + Array(repeating: "---:", count: columns.count - 1)
        let lines = rows.map { row in
            var cells = cells(row)
            cells[0] = cells[0].replacing("|", with: "\\|")
            if isOnFrontier(row) { cells[1] = "**\(cells[1])**" }
            return cells
        }
        return ([columns, alignments] + lines)
            .map { "| \($0.joined(separator: " | ")) |\n" }.joined()
    }

    /// The same in columns of spaces, names to the left and figures to the right, nothing in bold.
    public var text: String {
        let lines = [columns] + rows.map(cells)
        let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            let name = line[0] + spaces(widths[0] - line[0].count)
            let figures = zip(line, widths).dropFirst().map { spaces($1 - $0.count) + $0 }
            return ([name] + figures).joined(separator: "  ") + "\n"
        }.joined()
    }

    private var hasSignificance: Bool { rows.contains { $0.significance != nil } }

    private var columns: [String] {
        let figures = ["BLEU", "chrF2", "average exit", "layers saved", "operations saved"]
        let comparisons =
            hasSignificance ? ["Δ full (p)", "Δ line by exits [95 %]", "by operations [95 %]"] : []
        return ["policy"] + figures + comparisons
    }

    private func cells(_ row: Row) -> [String] {
        let figures = [
            row.name, fixed(row.bleu, 2), fixed(row.chrF, 2), fixed(row.cost.averageExit, 3),
            fixed(100 * row.cost.layersSaved, 1) + " %",
            fixed(100 * row.cost.operationsSaved, 1) + " %",
        ]
        guard hasSignificance else { return figures }
        return figures + [
            row.significance.map(fullDepthCell) ?? "–",
            row.significance?.line.map { lineCell($0.exits) } ?? "–",
            row.significance?.line.map { lineCell($0.operations) } ?? "–",
        ]
    }

    private func fullDepthCell(_ significance: Significance) -> String {
        let difference = signed(significance.fullDepthDifference)
        return difference + (significance.fullDepthPValue.map { " (\(fixed($0, 3)))" } ?? "")
    }

    private func lineCell(_ line: DepthLineComparison) -> String {
        let interval = "\(signed(line.interval.lowerBound)), \(signed(line.interval.upperBound))"
        return "\(signed(line.difference))\(line.isSignificant ? "*" : "") [\(interval)]"
    }
}

private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }

/// A number with two decimals and its sign, where it is not 0 with two decimals.
private func signed(_ value: Double) -> String {
    let text = fixed(value, 2)
    let isZero = !text.contains { ("1"..."9").contains($0) }
    return isZero || text.hasPrefix("-") ? text : "+" + text
}

/// A number in a cell; "–" if it is not finite.
private func fixed(_ value: Double, _ decimals: Int) -> String { value.fixedPoint(decimals) ?? "–" }
