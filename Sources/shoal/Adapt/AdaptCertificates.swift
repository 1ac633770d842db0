import Calibration
import Certification
import Checkpoint
import Configuration
import Decoding
import System
import TranslationService

/// Certificates on sentences that nothing was learnt from or chosen on.
///
/// The held-out sentences, on which thresholds were chosen, put the rules into an order; the fresh ones test them.
struct AdaptCertificates {
    private static let bounds = [0.01, 0.02, 0.05, 0.1, 0.2]
    private static let epsilon = 0.05
    private static let test = MeanTest.betting

    /// Fresh sentences without which the widest bound is out of reach, whatever is lost.
    static let fewest = test.fewestLosses(
        delta: bounds.max() ?? 1, epsilon: epsilon / Double(ThresholdPolicy.allCases.count))

    /// The checkpoint as it is written.
    let model: ServedModel
    let sentences: AdaptText
    /// Threads that share the work.
    let workers: Int

    /// Tests rules, prints what passed and writes exits.json.
    ///
    /// - Parameters:
    ///   - policies: whose rules are tried: those that thresholds were found for.
    ///   - seconds: how long it may take; nil: as long as it takes.
    /// - Throws: `Failure`.
    func run(_ policies: [ExitPolicy], seconds: Double?) throws {
        guard !policies.isEmpty else {
            return writeMessage("no certificates: no policy has thresholds that were found")
        }
        guard !sentences.fresh.isEmpty else {
            return writeMessage(
                "no certificates: a tenth of the text is too little to test on; give \(Self.lines(Self.fewest)) sentences or more with --text, not \(sentences.count)"
            )
        }
        let finding = CertificateFinding(
            rules: policies.map { Certifier.candidates($0, model) }, risks: [.chrF],
            bounds: Self.bounds, epsilon: Self.epsilon, test: Self.test)
        let translator = try CorpusTranslator(model, workers: workers)
        var count = sentences.fresh.count
        if let seconds { count = min(count, try room(in: seconds, for: finding, translator)) }
        guard count >= Self.fewest else {
            return writeMessage(
                "no certificates: in the time there is, rules can be tested on \(count) sentences, and it takes \(Self.fewest)"
            )
        }
        writeMessage("testing rules on \(count) sentences that nothing was chosen on")
        let ordering = sentences.held.prefix(count)
        let order = ordering + sentences.fresh.prefix(count)
        let trials = try placing { try finding.trials(Array(order), named: "text", by: translator) }
        writeOutput("\n")
        let certificates = finding.certificates(
            trials, of: Array(order), model, ordering: ordering.count)
        try model.replaceCertificates(of: finding.risks, by: certificates)
        let share = Self.epsilon / Double(policies.count)
        let needed = Self.bounds.map { ($0, Self.test.fewestLosses(delta: $0, epsilon: share)) }
        let unreachable = needed.filter { $0.1 > count }.map { bound, fewest in
            "δ \(bound) takes \(fewest), a text of \(Self.lines(fewest))"
        }
        if !unreachable.isEmpty {
            writeMessage(
                "out of reach of \(count) tested sentences, whatever is lost: "
                    + unreachable.joined(separator: "; "))
        }
    }

    /// Sentences of a text of which so many are set aside.
    private static func lines(_ fresh: Int) -> Int { fresh * AdaptText.part }

    /// How many sentences can be tested on in a time, by what others take: the tested ones themselves choose nothing.
    private func room(
        in seconds: Double, for finding: CertificateFinding, _ translator: CorpusTranslator
    ) throws -> Int {
        let sample = Array(sentences.held.prefix(64))
        let full = ExitRule(.full, layerCount: model.layerCount)
        let start = monotonicSeconds()
        try placing {
            try translator.translate(
                sample, options: { _ in DecodingOptions(exit: full, scores: false) },
                deliver: { _, _ in })
        }
        let perSentence = (monotonicSeconds() - start) / Double(sample.count)
        let passes = finding.rules.reduce(1) { $0 + $1.count }
        // As many order the rules.
        let room = seconds / perSentence / Double(2 * passes)
        return Int(min(room, Double(sentences.fresh.count)))
    }

    private func placing<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let fault as CorpusTranslator.Fault {
            throw Failure(fault.error, at: "tested sentence \(fault.index + 1)", model)
        }
    }
}
