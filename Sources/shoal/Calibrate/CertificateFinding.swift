import Certification
import Checkpoint
import Decoding
import Digest
import Evaluation
import Glibc
import System
import Tensor
import TranslationModel
import TranslationService

/// The search for certificates, with its progress and its table on the terminal.
struct CertificateFinding {
    /// Rules that are tried, a list for each policy; all of them share ε.
    let rules: [[ExitRule]]
    let risks: [Risk]
    /// δ of each certificate that is looked for.
    let bounds: [Double]
    /// ε.
    let epsilon: Double
    let test: MeanTest

    /// Decodes sentences by full depth and by each rule.
    ///
    /// - Parameters:
    ///   - sources: the sentences, in the order in which they were drawn.
    ///   - references: of the same sentences, where a risk needs them.
    ///   - name: what the sentences are called beside the progress.
    ///   - translator: has the model.
    /// - Returns: for each risk a trial of each rule; risks that need references are left out where there are none.
    /// - Throws: `CorpusTranslator.Fault` for a sentence that cannot be translated.
    func trials(
        _ sources: [String], references: [String]? = nil, named name: String,
        by translator: CorpusTranslator
    ) throws -> [Risk: [Certifier.Trial]] {
        let progress = ProgressLine()
        defer { progress.clear() }
        var done = 0
        let total = rules.reduce(1) { $0 + $1.count }
        return try Certifier.trials(
            rules.flatMap(\.self), risks.filter { references != nil || !$0.needsReferences },
            sources: sources, references: references, by: translator
        ) { rule in
            done += 1
            progress.show(
                "\(name): \(done)/\(total) rules: \(rule.label(layerCount: translator.model.layerCount))"
            )
        }
    }

    /// Tests the rules, and prints a row for each policy, risk and bound.
    ///
    /// - Parameters:
    ///   - trials: of `rules`, in their order.
    ///   - sentences: all that the text has, in the order of its file.
    ///   - model: what decoded.
    ///   - ordering: how many of the sentences that were decoded order the rules; nil: half of them.
    ///   - json: whether rows are objects of JSON.
    /// - Returns: what exits.json is to have.
    func certificates(
        _ trials: [Risk: [Certifier.Trial]], of sentences: [String], _ model: ServedModel,
        ordering: Int? = nil, json: Bool = false
    ) -> [ExitCertificate] {
        let report = CertifyReport(model: model, epsilon: epsilon, test: test)
        if !json { writeOutput(Style.standardOutput.table(CertifyReport.header)) }
        var certificates: [ExitCertificate] = []
        let digest = Hexadecimal.text(
            SHA256.digest(Array(sentences.joined(separator: "\n").utf8)))
        var tested = 0
        for risk in risks {
            for (policy, own) in Self.byPolicy(trials[risk] ?? [], rules) {
                let certifier = Certifier(
                    own, layerCount: model.layerCount, ordering: ordering)
                for bound in bounds {
                    // Requests choose among the policies by what they cost on the tested part.
                    let found = certifier.certificate(
                        delta: bound, epsilon: epsilon / Double(rules.count), test)
                    tested = found.sentences
                    writeOutput(
                        json ? report.line(found, policy, risk) : report.row(found, policy, risk))
                    if let own = certificate(found, risk, digest, model) {
                        certificates.append(own)
                    }
                }
            }
        }
        guard !json else { return certificates }
        writeOutput(
            "\nε \(epsilon), \(test.rawValue), \(tested) of \(sentences.count) sentences tested, "
                + "\(model.network.precision.rawValue)\n")
        return certificates
    }

    /// Trials of each policy, as they follow one another.
    static func byPolicy(
        _ trials: [Certifier.Trial], _ rules: [[ExitRule]]
    ) -> [(policy: ExitPolicy, trials: [Certifier.Trial])] {
        var first = 0
        return rules.compactMap { own in
            defer { first += own.count }
            return own.first.map { ($0.policy, Array(trials[first..<first + own.count])) }
        }
    }

    /// What exits.json has of a rule that passed.
    private func certificate(
        _ found: Certifier.Certificate, _ risk: Risk, _ digest: String, _ model: ServedModel
    ) -> ExitCertificate? {
        guard let rule = found.rule, found.operations < 1 else { return nil }
        return ExitCertificate(
            risk: risk, delta: found.delta, epsilon: epsilon, sentences: found.sentences,
            text: digest, network: model.networkChecksum,
            precision: model.network.precision.rawValue, policy: rule.policy,
            layer: rule.givenLayer, thresholds: rule.thresholds,
            candidates: rule.policy.takesCandidates ? rule.candidates ?? 0 : nil,
            operations: found.operations, averageExit: max(1, found.averageExit))
    }
}

extension ServedModel {
    /// Replaces the certificates of some risks and this precision, which share ε with each other alone, and those for other weights.
    ///
    /// - Parameters:
    ///   - risks: of which all certificates in this precision go.
    ///   - certificates: what takes their place.
    /// - Throws: `Failure` where exits.json cannot be read again or written.
    func replaceCertificates(of risks: [Risk], by certificates: [ExitCertificate]) throws {
        let precision = network.precision.rawValue
        try changeExits { exits, file in
            exits.certificates.removeAll {
                $0.network != networkChecksum
                    || risks.contains($0.risk) && $0.precision == precision
            }
            exits.certificates += certificates
            file.takeCertificates(from: exits)
        }
    }
}
