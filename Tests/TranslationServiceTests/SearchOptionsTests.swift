import Checkpoint
import Decoding
import System
import TestSupport
import Testing
import TranslationService

@Suite("Options of a request", .timeLimit(.minutes(10)))
struct SearchOptionsTests {
    private func faults(_ change: (inout SearchOptions) -> Void) -> [RequestParameter] {
        var options = SearchOptions()
        change(&options)
        return options.faults(longest: 255, widestBeam: 8).map(\.parameter)
    }

    @Test(
        "Every option is held against its range, and against the others where all are within theirs"
    )
    func ranges() {
        #expect(faults { _ in }.isEmpty)
        for beam in [0, 9, -1, .min, .max] {
            #expect(faults { $0.beamSize = beam } == [.beamSize])
        }
        #expect(faults { $0.alternatives = 1 } == [.alternatives])
        #expect(
            faults {
                $0.beamSize = 4
                $0.alternatives = 3
            }.isEmpty)
        for penalty in [-0.1, 10.1, .nan, .infinity, -.infinity] {
            #expect(faults { $0.lengthPenalty = penalty } == [.lengthPenalty])
        }
        for penalty in [0, 0.09, 10.1, -1, .nan, .infinity] {
            #expect(faults { $0.repetitionPenalty = penalty } == [.repetitionPenalty])
        }
        #expect(faults { $0.repetitionPenalty = 0.1 }.isEmpty)
        for size in [-1, 256, .max] {
            #expect(faults { $0.noRepeatNgramSize = size } == [.noRepeatNgramSize])
        }
        for count in [-1, 256, .max, .min] {
            #expect(faults { $0.minimumTokens = count } == [.minimumTokens])
            #expect(faults { $0.maximumTokens = count } == [.maximumTokens])
        }
        #expect(faults { $0.maximumTokens = 0 } == [.maximumTokens])
        #expect(
            faults {
                $0.minimumTokens = 5
                $0.maximumTokens = 4
            } == [.minimumTokens])
        #expect(
            faults {
                $0.beamSize = .max
                $0.lengthPenalty = .nan
            } == [.beamSize, .lengthPenalty])
    }

    @Test("A fault says what is wrong in the reader's own names")
    func names() {
        var options = SearchOptions()
        options.minimumTokens = 5
        options.maximumTokens = 4
        let faults = options.faults(longest: 255)
        #expect(
            faults.map { $0.detail { $0 == .minimumTokens ? "--min" : "--max" } }
                == ["--min 5 is above --max 4"])
    }

    @Test(
        "No number of exit options traps, and each is checked",
        arguments: [Int.min, -1, 0, 7, .max])
    func layers(value: Int) throws {
        let model = try ServedModel(directory: Repository.model)
        let paths: [(WritableKeyPath<ExitOptions, Int?>, RequestParameter)] = [
            (\.layer, .layer), (\.minimumLayer, .minimumLayer), (\.maximumLayer, .maximumLayer),
        ]
        for (path, parameter) in paths {
            var options = ExitOptions()
            options.policy = .fixed
            options.layer = 1
            options[keyPath: path] = value
            #expect {
                try options.resolve(for: model)
            } throws: { error in
                (error as? InvalidRequest)?.faults.contains { $0.parameter == parameter } == true
            }
        }
        var options = ExitOptions()
        options.threshold = .perLayer([.nan, .infinity])
        options.candidates = value == 0 || value == 7 ? 65 : value
        #expect(throws: InvalidRequest.self) { try options.resolve(for: model) }
    }
}

@Suite("Lengths and layers of outputs", .timeLimit(.minutes(10)))
struct OutputTests {
    private func hypothesis(_ change: (inout DecodingOptions) -> Void) throws -> Hypothesis {
        let worker = try SharedWorker(maximumSequences: 4)
        var request = worker.request(texts: 1)
        change(&request.options)
        let record = Record()
        let outcome = Lock<Result<TranslationResult, TranslationError>?>(nil)
        _ = worker.service.submit(request) { result in
            outcome.withLock { $0 = result }
            record.add("done")
        }
        _ = record.entries(1)
        worker.service.stop()
        return try #require(outcome.withLock { $0 }).get().translations[0].outputs[0].hypothesis
    }

    @Test("An output ends with the end of sentence, or where it is as long as it may be")
    func finishReasons() throws {
        let whole = try hypothesis { _ in }
        #expect(whole.finishReason == .endOfSentence && whole.tokens.last?.id == 0)
        let cut = try hypothesis { $0.maximumTokens = 3 }
        #expect(cut.finishReason == .length && cut.tokens == Array(whole.tokens.prefix(3)))
        let exact = try hypothesis { $0.maximumTokens = whole.tokens.count }
        #expect(exact.tokens == whole.tokens)
        // A limit beyond the model's positions is theirs.
        let far = try hypothesis {
            $0.minimumTokens = .max
            $0.maximumTokens = .max
        }
        #expect(far.tokens.count == 255 && far.finishReason == .length)
    }

    @Test("A minimum above the usual limit raises it, and no output is shorter than its minimum")
    func minimum() throws {
        // Six source tokens: 22 by default.
        for minimum in [1, 10, 22, 40, 200, 250, 1000] {
            let tokens = try hypothesis { $0.minimumTokens = minimum }.tokens
            #expect(tokens.count >= min(minimum, 255))
            #expect(tokens.count <= min(max(22, minimum + 10), 255))
            #expect(!tokens.prefix(min(minimum, tokens.count)).contains { $0.id == 0 })
        }
    }

    @Test("No token leaves below the lowest layer or above the highest", arguments: 1...6)
    func layers(lowest: Int) throws {
        let confident = Array(repeating: 0.0, count: 5)
        let rules = [
            ExitRule(.fixed, .init(layer: lowest), bounds: lowest...6, layerCount: 6),
            ExitRule(.confidence, .init(thresholds: confident), bounds: lowest...6, layerCount: 6),
            ExitRule(.full, bounds: 1...lowest, layerCount: 6),
        ]
        for rule in rules {
            let exits = try hypothesis { $0.exit = rule }.tokens.map(\.exitLayer)
            #expect(Set(exits) == [lowest])
        }
    }
}
