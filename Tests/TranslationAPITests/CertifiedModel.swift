import Checkpoint
import JSON
import TestSupport
import TranslationService

/// The shipped model with certificates of its own.
struct CertifiedModel {
    let directory: TemporaryDirectory
    let model: ServedModel

    init(_ certificates: (String) -> [ExitCertificate]) throws {
        directory = try Repository.linkedModel(leavingOut: ["exits.json"])
        let shipped = try Shipped.model()
        var exits = shipped.checkpoint.exits
        exits.certificates = certificates(shipped.networkChecksum)
        try directory.write(JSON.serialize(.object(exits.json)), to: "exits.json")
        model = try ServedModel(directory: directory.path)
    }
}

/// A certificate of a layer.
func certificate(
    _ network: String, _ delta: Double, layer: Int, operations: Double,
    precision: String = "float32", risk: Risk = .chrF, sentences: Int = 500
) -> ExitCertificate {
    ExitCertificate(
        risk: risk, delta: delta, epsilon: 0.05, sentences: sentences,
        text: String(repeating: "0", count: 64), network: network, precision: precision,
        policy: .fixed, layer: layer, thresholds: nil, candidates: nil, operations: operations,
        averageExit: Double(layer))
}
