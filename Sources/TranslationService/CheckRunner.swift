import Checkpoint
import Decoding
import Tokenization
import TranslationModel

/// Decodes sentences again at full depth, one at a time, for a worker that has nothing else to do.
///
/// What it computes is in no metric of requests, and no team helps it.
struct CheckRunner {
    /// Working memory, kept while the same network is asked.
    private var memory: (network: TranslationModel, decoder: BatchDecoder, encoder: EncoderScratch)?

    /// Decodes a sentence again, and delivers what was found.
    ///
    /// It goes back to those that wait as soon as a worker is wanted: before the next step.
    ///
    /// - Parameters:
    ///   - check: the sentence.
    ///   - service: whose it is.
    ///   - heartbeat: of the worker.
    mutating func run(
        _ check: PendingCheck, for service: TranslationService, _ heartbeat: Heartbeat
    ) {
        let slot = check.model.slot
        // Nothing is read from disk for it.
        guard let network = service.memory.useIfPresent(slot) else {
            service.checks?.drop(check.model.id, 1)
            return
        }
        defer { service.memory.release(slot) }
        let outcome = decode(check, network) {
            heartbeat.beat(at: service.clock())
            return !service.isWanted
        }
        switch outcome {
        case .text(let full):
            service.checks?.deliver(
                CheckedSentence(
                    model: check.model, certificate: check.certificate, text: check.text,
                    full: full))
        case .interrupted: service.putBack(check)
        case .failed: service.checks?.drop(check.model.id, 1)
        }
    }

    /// What became of a sentence.
    private enum Outcome {
        /// What full depth makes of it.
        case text(String)
        /// A request wants the worker.
        case interrupted
        /// The network fails on it.
        case failed
    }

    /// Lets go of working memory for a network that is in memory no more.
    mutating func giveBack(unless isHeld: (TranslationModel) -> Bool) {
        if let network = memory?.network, !isHeld(network) { memory = nil }
    }

    private mutating func decode(
        _ check: PendingCheck, _ network: TranslationModel, while mayGoOn: () -> Bool
    ) -> Outcome {
        if memory?.network !== network {
            memory = (network, BatchDecoder(model: network), EncoderScratch(for: network))
        }
        guard let (_, decoder, encoder) = memory, mayGoOn() else { return .interrupted }
        let tokenizer = check.model.tokenizer
        var options = DecodingOptions(
            exit: ExitRule(.full, layerCount: check.model.layerCount), scores: false)
        options.sourcePieces = tokenizer.pieces(of: check.ids)
        options.prefix = tokenizer.targetPrefix
        let states = network.encode([check.ids], scratch: encoder)
        let ticket = decoder.add(source: states[0], options: options)
        while mayGoOn() {
            guard let (_, result) = decoder.advance().first(where: { $0.ticket == ticket }) else {
                continue
            }
            guard let best = try? result.get().hypotheses.first else { return .failed }
            return .text(tokenizer.decode(best.tokens.map(\.id)))
        }
        decoder.remove(ticket)
        return .interrupted
    }
}
