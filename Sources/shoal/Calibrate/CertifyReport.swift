import Certification
import Checkpoint
import Decoding
import Evaluation
import JSON
import Tensor
import TranslationModel
import TranslationService

/// Prints what was certified: a row, or a JSON object, for each policy, risk and bound.
struct CertifyReport {
    let model: ServedModel
    let epsilon: Double
    let test: MeanTest

    static let header =
        "policy            risk              δ  rule                              loss        p    exit  operations\n"

    func row(
        _ found: Certifier.Certificate, _ policy: ExitPolicy, _ risk: Risk
    ) -> String {
        let name = found.rule.map { $0.label(layerCount: model.layerCount) } ?? "full depth only"
        let p = found.pValues.passed ?? found.pValues.failed
        return policy.rawValue.padding(to: 18) + risk.rawValue.padding(to: 12)
            + fixed(found.delta, 3, width: 7) + "  "
            + name.padding(to: 30) + fixed(found.loss, 4, width: 8)
            + (p.map { fixed($0, 4, width: 9) } ?? "        –")
            + fixed(found.averageExit, 3, width: 8) + fixed(100 * found.operations, 1, width: 10)
            + " %\n"
    }

    func line(
        _ found: Certifier.Certificate, _ policy: ExitPolicy, _ risk: Risk
    ) -> String {
        func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        let rule = found.rule
        let object = JSONObject([
            .init("policy", .string(policy.rawValue)), .init("risk", .string(risk.rawValue)),
            .init("delta", .number(found.delta)), .init("epsilon", .number(epsilon)),
            .init("test", .string(test.rawValue)),
            .init("sentences", .integer(Int64(found.sentences))),
            .init("precision", .string(model.network.precision.rawValue)),
            .init("rule", rule.map { .string($0.label(layerCount: model.layerCount)) } ?? .null),
            .init("layer", rule?.givenLayer.map { .integer(Int64($0)) } ?? .null),
            .init(
                "threshold", rule?.thresholds.map { .array($0.map { .number($0) }) } ?? .null),
            .init("loss", .number(found.loss)), .init("p", number(found.pValues.passed)),
            .init("p_failed", number(found.pValues.failed)),
            .init("average_exit_layer", .number(found.averageExit)),
            .init("operations", .number(found.operations)),
        ])
        return String(decoding: JSON.serialize(.object(object)), as: UTF8.self) + "\n"
    }
}
