import Calibration
import Configuration
import Decoding
import Glibc
import TranslationService

/// The search for thresholds, with its progress on the terminal.
struct ThresholdFinding {
    let policy: ThresholdPolicy
    let segments: CostSegments
    let options: ThresholdSearch.Options

    /// Searches.
    ///
    /// - Parameters:
    ///   - model: what decodes.
    ///   - set: what thresholds are chosen on.
    ///   - workers: threads that share the work.
    ///   - whenTraced: told BLEU of full depth before the long part.
    /// - Returns: all that was measured, and BLEU of full depth.
    /// - Throws: `Failure`.
    func run(
        _ model: ServedModel, _ set: ValidationSet, workers: Int,
        whenTraced: (Double) -> Void = { _ in }
    ) throws -> (measured: [Measurement], fullDepth: Double) {
        let search = ThresholdSearch(
            layerCount: model.layerCount, segments: segments, options: options)
        let meter = ThresholdMeter(
            model: model.network, policy: policy, sentences: set.sentences(model),
            workers: workers)
        let progress = ProgressLine()
        let total = search.measurementCount
        do {
            let trace = try meter.traceFullDepth()
            whenTraced(trace.bleu)
            var done = 0
            let measured = try search.run(estimate: trace.estimate) {
                (thresholds) throws(DecodingError) in
                let measurement = try meter.measure(thresholds)
                done += 1
                progress.show("\(done)/\(total) settings of \(policy.rawValue)")
                return measurement
            }
            return (measured, trace.bleu)
        } catch {
            throw Failure("\(error)", code: EX_SOFTWARE)
        }
    }
}
