import Checkpoint
import Decoding
import JSON
import Tensor
import TestSupport
import Testing
import TranslationModel

@Suite("Rules against repetitions", .timeLimit(.minutes(10)))
struct RepetitionTests {
    private let checkpoint: Checkpoint
    private let model: TranslationModel

    init() throws {
        checkpoint = try Checkpoint(directory: Repository.model)
        model = try TranslationModel(checkpoint)
    }

    private static let full = ExitRule(.full, layerCount: 6)

    private func options(_ golden: JSONObject) throws -> DecodingOptions {
        var options = DecodingOptions(exit: Self.full)
        options.beamSize = Int(try #require(golden["beam_size"]?.integerValue))
        options.repetitionPenalty = try #require(golden["repetition_penalty"]?.doubleValue)
        options.noRepeatNgramSize = Int(
            try #require(golden["no_repeat_ngram_size"]?.integerValue))
        options.cutsLoops = false
        return options
    }

    private static func integers(_ value: JSONValue?) throws -> [Int] {
        let integers = value?.arrayValue?.compactMap(\.integerValue)
        return try #require(integers).map { Int($0) }
    }

    @Test("Greedy and beam search give what transformers gives", arguments: 0..<18)
    func agreesWithTransformers(index: Int) throws {
        let bytes = try Repository.bytes("Tests/Golden/repetition.json")
        let parsed = try JSON.parse(bytes).arrayValue
        let cases = try #require(parsed)
        #expect(cases.count == 18)
        let golden = try #require(cases[index].objectValue)
        let options = try options(golden)
        let sentences = try #require(golden["sentences"]?.arrayValue).compactMap(\.objectValue)
        #expect(sentences.count == 12)
        let sources = try sentences.map { try Self.integers($0["source_ids"]) }
        let results = try decodeTogether(sources, options, model)
        for (sentence, result) in zip(sentences, results) {
            let best = result.hypotheses[0]
            #expect(try best.tokens.map(\.id) == Self.integers(sentence["target_ids"]))
            if let score = sentence["score"]?.doubleValue {
                #expect(abs(best.score - score) < 1e-3)
            }
            let expected = sentence["logprobs"]?.arrayValue?.compactMap(\.doubleValue) ?? []
            for (token, value) in zip(best.tokens, expected) {
                #expect(abs(Double(token.logProbability) - value) < 1e-3)
            }
        }
    }

    private var sources: [[Int]] {
        get throws { try Golden("own.json").cases[0].sentences.map(\.sourceIDs) }
    }

    @Test(
        "Without rules, or with rules that forbid nothing, outputs are the same to the bit",
        arguments: [1, 3])
    func neutral(beam: Int) throws {
        let exit = ExitRule(
            .tokenGeometric, .init(thresholds: [0.9, 0.8, 0.6, 0.3, 0.3]), layerCount: 6)
        var options = DecodingOptions(exit: exit)
        options.beamSize = beam
        let plain = try decodeTogether(Array(sources.prefix(12)), options, model)
        options.noRepeatNgramSize = 200
        #expect(try decodeTogether(Array(sources.prefix(12)), options, model) == plain)
        options.cutsLoops = false
        #expect(try decodeTogether(Array(sources.prefix(12)), options, model) == plain)
    }

    @Test("No n ids in a row occur twice, whatever policy decides", arguments: [1, 2, 3], [1, 4])
    func ngrams(size: Int, beam: Int) throws {
        let rules = [
            Self.full, ExitRule(.fixed, .init(layer: 1), layerCount: 6),
            ExitRule(.tokenMultinomial, layerCount: 6),
            ExitRule(
                .confidence, .init(thresholds: [0.6, 0.6, 0.5, 0.9, 0.4], candidates: 4),
                layerCount: 6),
        ]
        for exit in rules {
            var options = DecodingOptions(exit: exit)
            options.beamSize = beam
            options.noRepeatNgramSize = size
            for result in try decodeTogether(Array(sources.suffix(8)), options, model) {
                let ids =
                    [try #require(checkpoint.configuration.decoderStartID)]
                    + result.hypotheses[0].tokens.map(\.id)
                let ngrams = (0...max(0, ids.count - size)).map { Array(ids[$0...].prefix(size)) }
                #expect(Set(ngrams).count == ngrams.count, "\(exit.policy)")
            }
        }
    }

    @Test(
        "A sentence's output is the same alone and among others with other rules",
        arguments: [1, 3])
    func isIndependentOfTheBatch(beam: Int) throws {
        let sources = try Array(sources.prefix(9))
        let states = model.encode(sources, scratch: EncoderScratch(for: model))
        func options(_ index: Int) -> DecodingOptions {
            var options = DecodingOptions(exit: Self.full)
            options.beamSize = beam
            options.repetitionPenalty = [1, 1.4, 0.9][index % 3]
            options.noRepeatNgramSize = index % 4
            return options
        }
        let decoder = BatchDecoder(model: model)
        var tickets: [BatchDecoder.Ticket: Int] = [:]
        for (index, state) in states.enumerated() {
            tickets[decoder.add(source: state, options: options(index))] = index
        }
        while decoder.sentenceCount > 0 {
            for (ticket, result) in decoder.advance() {
                let index = try #require(tickets[ticket])
                let alone = try decodeTogether([sources[index]], options(index), model)
                #expect(try result.get() == alone[0])
            }
        }
    }

    @Test("An output goes on where everything is forbidden", arguments: [1, 2])
    func exhausted(beam: Int) throws {
        let directory = try TemporaryDirectory()
        var written = CheckpointWriter.Options()
        written.vocabularySize = 20
        try CheckpointWriter(written).write(to: directory)
        let model = try TranslationModel(Checkpoint(directory: directory.path))
        var options = DecodingOptions(exit: ExitRule(.full, layerCount: model.decoderLayerCount))
        options.beamSize = beam
        options.noRepeatNgramSize = 1
        options.minimumTokens = 30
        options.maximumTokens = 30
        options.cutsLoops = false
        let result = try decodeTogether([[5, 6, 0]], options, model)[0]
        #expect(result.hypotheses[0].tokens.count == 30)
    }
}

@Suite("Outputs that end in a loop", .timeLimit(.minutes(10)))
struct LoopTests {
    private let model: TranslationModel
    private let sources: [[Int]]

    init() throws {
        model = try TranslationModel(Checkpoint(directory: Repository.model))
        sources = try Golden("own.json").cases[0].sentences.map(\.sourceIDs)
    }

    /// Searches that loop often: what was said is made more likely.
    private func options(beam: Int, cuts: Bool) -> DecodingOptions {
        var options = DecodingOptions(exit: ExitRule(.full, layerCount: 6))
        options.beamSize = beam
        options.repetitionPenalty = 0.1
        options.cutsLoops = cuts
        options.aligns = true
        return options
    }

    /// The period and the start of a loop of four copies and 16 tokens at an end.
    private func loop(_ ids: [Int]) -> (start: Int, period: Int)? {
        for period in 1...max(1, ids.count / 4) {
            let start = (0..<ids.count).first { start in
                (start..<ids.count).dropLast(period).allSatisfy { ids[$0] == ids[$0 + period] }
            }
            guard let start, ids.count - start >= max(16, 4 * period) else { continue }
            return (start, period)
        }
        return nil
    }

    @Test("lose all copies but the first, at the length limit only", arguments: [1, 4])
    func cut(beam: Int) throws {
        let whole = try decodeTogether(sources, options(beam: beam, cuts: false), model)
        let cut = try decodeTogether(sources, options(beam: beam, cuts: true), model)
        var loops = 0
        for (before, after) in zip(whole, cut) {
            let (before, after) = (before.hypotheses[0], after.hypotheses[0])
            guard before.finishReason == .length, let loop = loop(before.tokens.map(\.id)) else {
                #expect(after == before)
                continue
            }
            loops += 1
            let kept = loop.start + loop.period
            #expect(after.finishReason == .repetition)
            #expect(after.tokens == Array(before.tokens.prefix(kept)))
            #expect(after.alignment == before.alignment.map { Array($0.prefix(kept)) })
            #expect(after.score == before.score)
        }
        #expect(loops >= 2)
    }

    @Test("keep tokens that were given out one by one, and say why they ended")
    func reported() throws {
        let states = model.encode(sources, scratch: EncoderScratch(for: model))
        let whole = try decodeTogether(sources, options(beam: 1, cuts: false), model)
        let decoder = BatchDecoder(model: model)
        let tickets = states.map {
            decoder.add(source: $0, options: options(beam: 1, cuts: true), reportsTokens: true)
        }
        var results: [Int: DecodingResult] = [:]
        while decoder.sentenceCount > 0 {
            for (ticket, result) in decoder.advance() { results[ticket] = try result.get() }
        }
        var loops = 0
        for (ticket, before) in zip(tickets, whole) {
            let after = try #require(results[ticket]).hypotheses[0]
            #expect(after.tokens == before.hypotheses[0].tokens)
            if after.finishReason == .repetition { loops += 1 }
        }
        #expect(loops >= 3)
    }
}
