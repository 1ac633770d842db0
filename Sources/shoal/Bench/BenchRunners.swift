import Checkpoint
import Configuration
import Decoding
import Glibc
import System
import Telemetry
import Tokenization
import TranslationModel
import TranslationService

/// Translates single sentences on the calling thread, with others to help where that is asked for.
final class SentenceRunner {
    private let model: ServedModel
    private let encoder: EncoderScratch
    private let decoder: BatchDecoder
    private let team: ThreadTeam

    init(_ model: ServedModel, threads: Int) {
        self.model = model
        team = ThreadTeam(helpers: threads - 1)
        encoder = EncoderScratch(for: model.network)
        decoder = BatchDecoder(model: model.network)
    }

    /// Runs all rounds; the policies take turns at every sentence.
    ///
    /// - Parameters:
    ///   - rows: take what is measured, of the same sentences each.
    ///   - setup: sentences and rounds.
    ///   - end: no sentence but the first is begun after it, on `monotonicSeconds`; its round ends there.
    /// - Throws: `Failure` where decoding fails.
    func measure(
        _ rows: inout [BenchRow], _ setup: BenchSetup, until end: Double = .infinity
    ) throws {
        let helpers = team.tryAcquire() ? team : nil
        defer { if let helpers { helpers.release() } }
        encoder.team = helpers
        let sources = setup.sentences.map(model.tokenizer.encode)
        for row in rows { _ = try time(sources[0], row.options, helpers) }
        let progress = ProgressLine()
        let total = setup.rounds * sources.count
        for round in 0..<setup.rounds {
            var seconds = Array(repeating: 0.0, count: rows.count)
            for (number, ids) in sources.enumerated() {
                guard number == 0 || monotonicSeconds() < end else { break }
                for index in rows.indices {
                    let sample = try time(ids, rows[index].options, helpers)
                    rows[index].add(sample)
                    seconds[index] += sample.seconds
                }
                progress.show("\(round * sources.count + number + 1)/\(total) sentences")
            }
            for index in rows.indices { rows[index].endRound(seconds: seconds[index]) }
            guard monotonicSeconds() < end else { return }
        }
    }

    /// From source ids to target text.
    private func time(
        _ ids: [Int], _ options: DecodingOptions, _ helpers: ThreadTeam?
    ) throws -> BenchRow.Sample {
        let start = monotonicSeconds()
        let states = model.network.encode([ids], scratch: encoder)
        var options = options
        options.prefix = model.tokenizer.targetPrefix
        if options.usesShortlist { options.candidates = model.candidates(of: ids) }
        _ = decoder.add(source: states[0], options: options)
        var finished = decoder.advance(helpedBy: helpers)
        while finished.isEmpty { finished = decoder.advance(helpedBy: helpers) }
        let result: DecodingResult
        do {
            result = try finished[0].result.get()
        } catch {
            throw Failure("\(error)", code: EX_SOFTWARE)
        }
        _ = model.tokenizer.decode(result.hypotheses[0].tokens.map(\.id))
        return BenchRow.Sample(
            seconds: monotonicSeconds() - start, tokens: result.hypotheses[0].tokens,
            operations: result.operations,
            encoderOperations: model.network.encoderOperations(sourceCount: ids.count),
            speculation: result.speculation)
    }
}

/// Keeps a number of sentences under way in the service, each a request of its own.
final class LoadRunner {
    private let service: TranslationService
    private let setup: BenchSetup
    private let texts: [String]

    /// What the submitting thread waits for.
    private struct State {
        var running = 0
        var results: [Result<TranslationResult, TranslationError>] = []
    }

    init(_ model: ServedModel, _ setup: BenchSetup) throws {
        var configuration = TranslationService.Configuration()
        configuration.workers = setup.threads
        configuration.maximumQueuedRequests = .max
        configuration.maximumQueuedTokens = .max
        service = try TranslationService(
            model: model, configuration: configuration,
            metrics: ServiceMetrics(registry: MetricRegistry(), model: model))
        self.setup = setup
        // Few sentences would never fill the places in flight; the last ones leave them empty anyway.
        let passes = (2 * setup.inFlight + setup.sentences.count - 1) / setup.sentences.count
        texts = (0..<max(1, passes)).flatMap { _ in setup.sentences }
    }

    /// Runs all rounds; the policies take turns at every round.
    func measure(_ rows: inout [BenchRow]) throws {
        for row in rows { _ = try translate(texts.prefix(setup.inFlight), row.options) }
        let progress = ProgressLine()
        let total = setup.rounds * rows.count
        for round in 0..<setup.rounds {
            for index in rows.indices {
                let start = monotonicSeconds()
                let results = try translate(texts[...], rows[index].options)
                rows[index].endRound(seconds: monotonicSeconds() - start)
                for result in results { rows[index].add(BenchRow.Sample(result)) }
                progress.show("\(round * rows.count + index + 1)/\(total) rounds")
            }
        }
        service.stop()
    }

    private func translate(
        _ texts: ArraySlice<String>, _ options: DecodingOptions
    ) throws -> [TranslationResult] {
        let state = Monitor(State())
        let places = setup.inFlight
        let longest = service.model.checkpoint.configuration.maximumPositions
        for text in texts {
            state.wait { state -> Void? in
                guard state.running < places else { return nil }
                state.running += 1
                return ()
            }
            let request = TranslationRequest(
                texts: [text], options: options, maximumSourceTokens: longest)
            _ = service.submit(request) { result in
                state.change { state in
                    state.running -= 1
                    state.results.append(result)
                }
            }
        }
        let results = state.wait { $0.running == 0 ? $0.results : nil }
        do {
            return try results.map { try $0.get() }
        } catch {
            throw Failure("\(error)", code: EX_SOFTWARE)
        }
    }
}

extension BenchRow.Sample {
    /// The only sentence of a request, from submission to answer.
    fileprivate init(_ result: TranslationResult) {
        let translation = result.translations[0]
        self.init(
            seconds: result.timings.total, tokens: translation.outputs[0].hypothesis.tokens,
            operations: translation.compute.operations,
            encoderOperations: translation.compute.encoderOperations,
            speculation: translation.compute.speculation)
    }
}
