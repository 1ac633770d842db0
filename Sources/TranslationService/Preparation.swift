import Checkpoint
import Decoding
import System
import TextPreparation
import Tokenization

/// Takes the texts of requests apart and segments their sentences: on the thread that submits them where they are
/// short, on a thread of its own otherwise, never on one that decodes, except for parts of a single sentence.
struct Preparation: Sendable {
    let service: TranslationService

    /// Bytes of all texts of a request up to which it is segmented where it is submitted: about a tenth of a
    /// millisecond, no more than handing it to another thread and waiting for that one.
    static let immediateBytes = 2048

    /// The life of the thread that prepares.
    func run() {
        while let job = service.waitForUnprepared() { prepare(job) }
        service.queue.change { $0.prepares = false }
    }

    /// Prepares the texts of a request that was admitted, and lets its sentences join the queue.
    func prepare(_ job: Job) {
        guard !job.request.texts.isEmpty else {
            service.join(job, [])
            return job.finishWithoutTexts()
        }
        let start = service.clock()
        let model = service.model(of: job)
        let limit = job.request.limit(model)
        let preparer = job.request.preparation.map { model.preparer($0, limit: limit) }
        var texts: [PreparedSentences] = []
        var faults: [RequestFault] = []
        for (index, text) in job.request.texts.enumerated() {
            guard isWanted(job) else { return service.join(job, []) }
            let prepared = PreparedSentences(text, index: index, of: job, model, preparer)
            if let count = prepared.excess {
                faults.append(tooLong(index, of: job.request, count, limit: limit))
            }
            texts.append(prepared)
        }
        let end = service.clock()
        job.time { $0.tokenize = end - start }
        guard faults.isEmpty else {
            service.join(job, [])
            job.fail(.invalid(InvalidRequest(faults)))
            return
        }
        for (index, text) in texts.enumerated() { job.begin(text.progress, index: index, at: end) }
        service.join(job, texts.flatMap(\.pending))
    }

    /// Whether somebody waits for a request and there is time left; otherwise it is answered.
    private func isWanted(_ job: Job) -> Bool {
        if service.clock() >= job.deadline { job.fail(.deadlineExceeded) }
        return !job.isAnswered
    }

    private func tooLong(
        _ index: Int, of request: TranslationRequest, _ count: Int, limit: Int
    ) -> RequestFault {
        RequestFault(
            .textTooLong, .text, index: request.texts.count == 1 ? nil : index,
            "text \(index) has \(count) tokens; at most \(limit) are translated")
    }

    /// Has a sentence translated again, around its protected spans, of which the model lost one.
    func divide(_ sentence: PendingSentence) {
        let job = sentence.job
        let parts = job.divide(sentence.place)
        let model = service.model(of: job)
        let pending = model.pending(parts, of: sentence.place, for: job) { copy, place in
            _ = job.finish(copy, at: place, now: service.clock())
        }
        service.add(job, pending)
    }
}

/// A text taken apart, with what of it is to be decoded.
private struct PreparedSentences {
    private(set) var progress: TextProgress
    private(set) var pending: [PendingSentence] = []
    /// The tokens of a text that is to be translated as it is and has too many.
    private(set) var excess: Int?
    private let job: Job
    private let model: ServedModel
    /// What is expected of its inputs, by their place.
    private var drafts: [[Int]] = []

    /// Takes a text apart with `preparer`; without one the model is given it as it is.
    init(
        _ text: String, index: Int, of job: Job, _ model: ServedModel, _ preparer: TextPreparer?
    ) {
        self.job = job
        self.model = model
        let prepared =
            job.request.copied.contains(index)
            ? PreparedText(copied: text)
            : preparer?.prepare(text) ?? PreparedText(whole: text)
        progress = TextProgress(
            prepared, aligns: job.request.options.aligns,
            none: model.noCompute(job.request.options))
        drafts = Self.drafts(index, of: job, model)
        for input in prepared.inputs.indices {
            var place = InputPlace(text: index)
            place.input = input
            add(prepared.inputs[input], at: place)
        }
    }

    /// The translation that is expected of a text, taken apart as the text is.
    private static func drafts(
        _ index: Int, of job: Job, _ model: ServedModel
    ) -> [[Int]] {
        let drafts = job.request.drafts
        guard index < drafts.count, let draft = drafts[index], !job.request.options.aligns else {
            return []
        }
        let preparer = job.request.preparation.map {
            model.preparer($0, limit: job.request.limit(model), isDraft: true)
        }
        let prepared = preparer?.prepare(draft) ?? PreparedText(whole: draft)
        return prepared.inputs.map {
            let ids = model.tokenizer.encodeTarget($0.text)
            return Array(ids.dropFirst(model.tokenizer.targetPrefix.count).dropLast())
        }
    }

    private mutating func add(_ input: ModelInput, at place: InputPlace) {
        let aligns = job.request.options.aligns || !input.spans.isEmpty
        let (ids, ranges) = model.encode(input.text, aligns: aligns)
        if model.canDecode(ids, for: job.request) {
            pending.append(
                PendingSentence(
                    job: job, place: place, ids: ids, ranges: ranges,
                    reported: reportedSentence(of: input),
                    draft: place.input < drafts.count ? drafts[place.input] : []))
        } else if job.request.preparation == nil, ids.count > job.request.limit(model) {
            excess = ids.count
        } else if input.spans.isEmpty {
            _ = progress.take(model.copied(input.text, job.request), at: place)
        } else {
            divide(place)
        }
    }

    /// The sentence of an input whose text is that of its tokens; nil where it is not.
    private func reportedSentence(of input: ModelInput) -> Int? {
        let isWhole = progress.prepared.sentences[input.sentence].inputs.count == 1
        let isPlain = input.spans.isEmpty && input.casing == .running && input.mark == nil
        return isWhole && isPlain && job.request.preparation?.markup == nil ? input.sentence : nil
    }

    private mutating func divide(_ place: InputPlace) {
        let parts = progress.divide(place.input)
        pending += model.pending(parts, of: place, for: job) { copy, place in
            _ = progress.take(copy, at: place)
        }
    }
}

extension InputPlace {
    /// The texts of an input's translated parts with their places; an empty one where it has none, so that the input is finished
    /// with it.
    fileprivate func parts(_ parts: [ModelInput.Part]) -> [(text: String, place: InputPlace)] {
        let texts = parts.filter(\.isTranslated).map(\.text)
        return (texts.isEmpty ? [""] : texts).enumerated().map { number, text in
            var place = self
            place.part = number
            return (text, place)
        }
    }
}

extension TranslationRequest {
    /// Longest source of a model, end of sentence included.
    fileprivate func limit(_ model: ServedModel) -> Int {
        model.longestSource(maximumSourceTokens)
    }
}

extension ServedModel {
    /// The ids of a text, with their places in it where somebody asks what tokens are made from.
    fileprivate func encode(
        _ text: String, aligns: Bool
    ) -> (ids: [Int], ranges: [Range<Int>]) {
        guard aligns else { return (tokenizer.encode(text), []) }
        let (ids, ranges) = tokenizer.encodeWithRanges(text)
        return (ids, ranges.withoutBlanks(of: text))
    }

    /// What of an input's parts is to be decoded.
    ///
    /// - Parameters:
    ///   - parts: all of the input's.
    ///   - place: of the input.
    ///   - job: whose it is.
    ///   - copy: takes what becomes of each other translated part.
    /// - Returns: sentences for the queue.
    fileprivate func pending(
        _ parts: [ModelInput.Part], of place: InputPlace, for job: Job,
        copy: (DecodedInput, InputPlace) -> Void
    ) -> [PendingSentence] {
        place.parts(parts).compactMap { part, place in
            let (ids, ranges) = encode(part, aligns: job.request.options.aligns)
            if canDecode(ids, for: job.request) {
                return PendingSentence(job: job, place: place, ids: ids, ranges: ranges)
            }
            copy(copied(part, job.request), place)
            return nil
        }
    }

    /// Whether ids are something to decode, and not too many.
    fileprivate func canDecode(_ ids: [Int], for request: TranslationRequest) -> Bool {
        tokenizer.hasPieces(ids) && ids.count <= request.limit(self)
    }

    /// Nothing spent.
    fileprivate func noCompute(_ options: DecodingOptions) -> ComputeRecord {
        ComputeRecord(policy: options.exit.policy, decoderLayers: layerCount)
    }

    /// What becomes of an input that is not decoded: one without pieces, or of which no part is short enough.
    fileprivate func copied(_ text: String, _ request: TranslationRequest) -> DecodedInput {
        let hypothesis = Hypothesis(tokens: [], score: 0, finishReason: .endOfSentence)
        let output = InputOutput(
            text: request.preparation == nil ? "" : text, pieces: [], hypothesis: hypothesis)
        return DecodedInput(
            outputs: [output], compute: noCompute(request.options), sourceTokens: 0)
    }
}

extension [Range<Int>] {
    /// The ranges of a text's pieces without the blanks before them.
    func withoutBlanks(of text: String) -> Self {
        let bytes = [UInt8](text.utf8)
        return map { range in
            let start = range.first { bytes[$0] != 0x20 } ?? range.upperBound
            return start..<range.upperBound
        }
    }
}
