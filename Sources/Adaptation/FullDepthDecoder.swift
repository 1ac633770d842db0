import Checkpoint
import Decoding
import Dispatch
import System
import TranslationModel

/// Decodes sources greedily at full depth, in batches, on several threads.
///
/// An output depends on its source alone.
final class FullDepthDecoder {
    private let model: TranslationModel
    private let options: DecodingOptions
    private let workers: [Worker]

    private static let batchSize = 64
    private static let encodedTogether = 16

    /// What one thread works with.
    ///
    /// Sendable without a lock because each is used by one thread at a time.
    private final class Worker: @unchecked Sendable {
        let decoder: BatchDecoder
        let scratch: EncoderScratch

        init(_ model: TranslationModel) {
            decoder = BatchDecoder(model: model)
            scratch = EncoderScratch(for: model)
        }
    }

    /// - Parameters:
    ///   - model: the network.
    ///   - prefix: ids that every output begins with.
    ///   - threads: at least 1.
    init(_ model: TranslationModel, prefix: [Int], threads: Int) {
        self.model = model
        var options = DecodingOptions(
            exit: ExitRule(.full, layerCount: model.decoderLayerCount), scores: false)
        options.prefix = prefix
        self.options = options
        workers = (0..<max(threads, 1)).map { _ in Worker(model) }
    }

    /// Decodes sources.
    ///
    /// - Parameter sources: source ids, each sentence of 1 … `max_position_embeddings` of them.
    /// - Returns: an output for each, without forced ids.
    /// - Throws: `notFinite` where the network gives something that is not a number.
    func decode(_ sources: [[Int]]) throws(DecodingError) -> [[Int]] {
        let results = Lock([Int: Result<[Int], DecodingError>]())
        let (model, options, workers) = (model, options, workers)
        DispatchQueue.concurrentPerform(iterations: workers.count) { number in
            // Every so many-th sentence, so that a sorted text gives equal shares.
            let own = Array(stride(from: number, to: sources.count, by: workers.count))
            let outputs = Self.decode(own.map { sources[$0] }, model, options, workers[number])
            results.withLock { results in
                for (index, output) in zip(own, outputs) { results[index] = output }
            }
        }
        let done = results.withLock { $0 }
        var outputs: [[Int]] = []
        for index in sources.indices { outputs.append(try done[index]?.get() ?? []) }
        return outputs
    }

    private static func decode(
        _ sources: [[Int]], _ model: TranslationModel, _ options: DecodingOptions, _ worker: Worker
    ) -> [Result<[Int], DecodingError>] {
        var outputs = [Result<[Int], DecodingError>](repeating: .success([]), count: sources.count)
        var places: [BatchDecoder.Ticket: Int] = [:]
        var next = 0
        while next < sources.count || worker.decoder.sentenceCount > 0 {
            if worker.decoder.sentenceCount + encodedTogether <= batchSize, next < sources.count {
                let group = next..<min(next + encodedTogether, sources.count)
                next = group.upperBound
                let states = model.encode(group.map { sources[$0] }, scratch: worker.scratch)
                for (place, source) in zip(group, states) {
                    places[worker.decoder.add(source: source, options: options)] = place
                }
                continue
            }
            for (ticket, result) in worker.decoder.advance() {
                guard let place = places.removeValue(forKey: ticket) else { continue }
                outputs[place] = result.map { $0.hypotheses[0].tokens.map(\.id) }
            }
        }
        return outputs
    }
}
