import Checkpoint
import Decoding
import System
import Tokenization

/// Segments the texts of requests: on the thread that submits them where they are short, on a thread of its
/// own otherwise, never on one that decodes.
struct Preparation: Sendable {
    let service: TranslationService

    /// Bytes of all texts of a request up to which it is segmented where it is submitted: about a tenth of a
    /// millisecond, no more than handing it to another thread and waiting for that one.
    static let immediateBytes = 2048

    private var model: ServedModel { service.model }

    /// The life of the thread that prepares.
    func run() {
        while let job = service.waitForUnprepared() { prepare(job) }
        service.queue.change { $0.prepares = false }
    }

    /// Segments the texts of a request that was admitted, and lets its sentences join the queue.
    func prepare(_ job: Job) {
        guard !job.request.texts.isEmpty else {
            service.join(job, [])
            return job.finishWithoutTexts()
        }
        let start = service.clock()
        let limit = min(
            job.request.maximumSourceTokens, model.checkpoint.configuration.maximumPositions)
        var pending: [PendingSentence] = []
        var empty: [Int] = []
        var faults: [RequestFault] = []
        for (index, text) in job.request.texts.enumerated() {
            guard isWanted(job) else { return service.join(job, []) }
            let ids = model.tokenizer.encode(text)
            if ids.count > limit {
                faults.append(tooLong(index, of: job.request, ids.count, limit))
            } else if model.tokenizer.hasPieces(ids) {
                pending.append(PendingSentence(job: job, index: index, ids: ids))
            } else {
                empty.append(index)
            }
        }
        let end = service.clock()
        job.time { $0.tokenize = end - start }
        guard faults.isEmpty else {
            service.join(job, [])
            job.fail(.invalid(InvalidRequest(faults)))
            return
        }
        for index in empty { job.finish(blank(job.request.options), index: index, at: end) }
        service.join(job, pending)
    }

    /// Whether somebody waits for a request and there is time left; otherwise it is answered.
    private func isWanted(_ job: Job) -> Bool {
        if service.clock() >= job.deadline { job.fail(.deadlineExceeded) }
        return !job.isAnswered
    }

    private func tooLong(
        _ index: Int, of request: TranslationRequest, _ count: Int, _ limit: Int
    ) -> RequestFault {
        RequestFault(
            .textTooLong, .text, index: request.texts.count == 1 ? nil : index,
            "text \(index) has \(count) tokens; at most \(limit) are translated")
    }

    /// The answer to a text without pieces, which is not decoded.
    private func blank(_ options: DecodingOptions) -> Translation {
        let hypothesis = Hypothesis(tokens: [], score: 0, finishReason: .endOfSentence)
        return Translation(
            outputs: [Translation.Output(text: "", pieces: [], hypothesis: hypothesis)],
            compute: ComputeRecord(
                policy: options.exit.policy, decoderLayers: model.layerCount),
            sourceTokens: 0)
    }
}
