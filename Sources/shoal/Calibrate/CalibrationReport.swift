import Calibration
import Evaluation
import JSON
import TranslationService

/// What `shoal calibrate` prints.
struct CalibrationReport {
    let json: Bool

    func begin(_ fullDepth: CalibratedThresholds) {
        if !json {
            writeOutput(
                Style.standardOutput.table(
                    "profile       BLEU    exit   compute saved   decoded in search   thresholds\n")
            )
        }
        row(fullDepth)
    }

    func row(_ row: CalibratedThresholds) {
        guard !json else {
            writeOutput(Self.json(row) + "\n")
            return
        }
        let decoded = row.decodedSentences.map(String.init) ?? ""
        let columns = [
            fixed(row.bleu, 2, width: 8), fixed(row.compute.averageExitLayer, 3, width: 8),
            fixed(100 * row.compute.computeSaved, 1, width: 14) + " %",
            String(repeating: " ", count: max(0, 20 - decoded.count)) + decoded, "   ",
            row.thresholds.map { fixed($0, 3) }.joined(separator: ","),
        ]
        writeOutput(row.name.padding(to: 10) + columns.joined() + "\n")
    }

    /// How much of the search was replayed.
    func summary(_ measured: [Measurement], draws: Int, sentences: Int) {
        guard !json else { return }
        let decoded = measured.reduce(0) { $0 + $1.decodedSentences }
        let share = 100 * (1 - Double(decoded) / Double(measured.count * sentences))
        writeOutput(
            "\n\(draws) draws and \(measured.count - draws) settings that are always tried, "
                + "\(sentences) sentences, \(fixed(share, 1)) % replayed\n"
                + "\(BLEU().signature)\n")
    }

    func choice(_ chosen: CalibratedThresholds, isWritten: Bool) {
        guard !json else {
            if chosen.name == "default" { writeOutput(Self.json(chosen) + "\n") }
            return
        }
        let thresholds = chosen.thresholds.map { "\($0)" }.joined(separator: ",")
        writeOutput(
            "default thresholds\(isWritten ? "" : ", not written"): \(thresholds) "
                + "(BLEU \(fixed(chosen.bleu, 2)), "
                + "average exit \(fixed(chosen.compute.averageExitLayer, 3)))\n")
    }

    private static func json(_ row: CalibratedThresholds) -> String {
        var members: [JSONObject.Member] = [
            .init("profile", .string(row.name)),
            .init("thresholds", .array(row.thresholds.map(JSONValue.number))),
            .init("bleu", .number(row.bleu)),
            .init("average_exit", .number(row.compute.averageExitLayer)),
            .init("compute_saved", .number(row.compute.computeSaved)),
        ]
        if let decoded = row.decodedSentences {
            members.append(.init("sentences_decoded", .integer(Int64(decoded))))
        }
        return String(decoding: JSON.serialize(.object(JSONObject(members))), as: UTF8.self)
    }
}
