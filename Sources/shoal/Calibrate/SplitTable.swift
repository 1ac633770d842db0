import Certification
import Checkpoint
import JSON

/// Prints what splits found, a row for each policy, risk, bound, size and test.
struct SplitTable {
    /// What a row is about.
    struct Row {
        let policy: ExitPolicy
        let risk: Risk
        let plan: SplitPlan
        let report: SplitReport
    }

    let hasOther: Bool

    var header: String {
        "policy              risk            δ  sentences  test               certified  operations    loss  broken      p"
            + (hasOther ? "  refuted  other: loss  refuted  after" : "  refuted") + "\n"
    }

    /// A row of the table.
    func text(_ row: Row) -> String {
        let report = row.report
        let start =
            row.policy.rawValue.padding(to: 18) + "  " + row.risk.rawValue.padding(to: 12)
            + fixed(report.delta, 3, width: 5) + String(row.plan.size).padding(left: 11) + "  "
            + row.plan.test.rawValue.padding(to: 17)
        let figures =
            String(report.certified).padding(left: 11)
            + fixed(100 * report.operations, 1, width: 10) + " %"
            + fixed(report.loss, 4, width: 8) + String(report.broken).padding(left: 8)
            + fixed(report.pValue, 3, width: 7)
            + String(report.fresh.sentences.count).padding(left: 9)
        guard let other = report.other else {
            let blanks = hasOther ? [13, 9, 7].map { "–".padding(left: $0) } : []
            return start + figures + blanks.joined() + "\n"
        }
        let after = other.median(of: report.certified).map(String.init) ?? "–"
        return start + figures + fixed(other.loss, 4, width: 13)
            + String(other.sentences.count).padding(left: 9) + after.padding(left: 7) + "\n"
    }

    /// A row as a JSON object.
    func line(_ row: Row) -> String {
        let (plan, report) = (row.plan, row.report)
        var members: [JSONObject.Member] = [
            .init("policy", .string(row.policy.rawValue)),
            .init("risk", .string(row.risk.rawValue)), .init("delta", .number(report.delta)),
            .init("epsilon", .number(plan.epsilon)), .init("test", .string(plan.test.rawValue)),
            .init("sentences", .integer(Int64(plan.size))),
            .init("splits", .integer(Int64(plan.splits))),
            .init("certified", .integer(Int64(report.certified))),
            .init("operations", .number(report.operations)), .init("loss", .number(report.loss)),
            .init("broken", .integer(Int64(report.broken))), .init("p", .number(report.pValue)),
            .init("refuted", .integer(Int64(report.fresh.sentences.count))),
        ]
        if let other = report.other {
            let after = other.median(of: report.certified).map { JSONValue.integer(Int64($0)) }
            members += [
                .init("other_loss", .number(other.loss)),
                .init("other_refuted", .integer(Int64(other.sentences.count))),
                .init("other_refuted_after", after ?? .null),
            ]
        }
        return String(decoding: JSON.serialize(.object(JSONObject(members))), as: UTF8.self) + "\n"
    }
}
