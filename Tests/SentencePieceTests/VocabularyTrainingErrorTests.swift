import SentencePiece
import SentencePieceTraining
import Testing

@Test("Text without characters is refused", arguments: TrainingOptions.Algorithm.allCases)
func refusesEmptyText(algorithm: TrainingOptions.Algorithm) {
    for sentences: [String] in [[], [""], ["  ", " "], ["\0"]] {
        #expect(throws: VocabularyTrainingError.noText) {
            _ = try train(sentences, algorithm, size: 300)
        }
    }
}

@Test(
    "A size too small is refused with the smallest", arguments: TrainingOptions.Algorithm.allCases)
func refusesSmallSizes(algorithm: TrainingOptions.Algorithm) throws {
    let error = VocabularyTrainingError.sizeTooSmall(given: 262, fixed: 259, characters: 4)
    #expect(throws: error) { try train(["abc"], algorithm, size: 262) }
    #expect(error.description.contains("at least 263: 259 special"))
    #expect(try train(["abc"], algorithm, size: 263).pieceCount == 263)
}

@Test(
    "A size too large is refused with the largest, which is possible",
    arguments: TrainingOptions.Algorithm.allCases)
func refusesLargeSizes(algorithm: TrainingOptions.Algorithm) throws {
    let error = #expect(throws: VocabularyTrainingError.self) {
        try train(TrainingSentences.all, algorithm, size: 4000)
    }
    guard case .sizeTooLarge(4000, let largest) = error else {
        Issue.record("\(String(describing: error))")
        return
    }
    #expect(try train(TrainingSentences.all, algorithm, size: largest).pieceCount == largest)
    #expect(error?.description.contains("at most \(largest)") == true)
}

@Test("BPE can be asked for exactly as many pieces as there are merges and characters")
func countsAllMerges() throws {
    #expect(throws: VocabularyTrainingError.sizeTooLarge(given: 11, largest: 10)) {
        try train(["ab ab", "ab ac"], .bpe, size: 11, byteFallback: false)
    }
}

@Test("Options outside their ranges are refused by name, value and range")
func refusesOptions() {
    let cases: [(WritableKeyPath<TrainingOptions, Int>, VocabularyTrainingError.Option, [Int])] = [
        (\.size, .size, [0, -1, 262_145, .max]),
        (\.maximumPieceLength, .maximumPieceLength, [0, 65, .min]),
        (\.estimation.seedSize, .seedSize, [0, 4_000_001]),
        (\.estimation.stepsPerRound, .stepsPerRound, [0, 101]),
    ]
    for (path, option, values) in cases {
        for value in values {
            refuses(path, value, .optionOutOfRange(option, given: Double(value)))
        }
    }
    for value in [0, -1, 1.5, .infinity] {
        refuses(\.characterCoverage, value, .optionOutOfRange(.characterCoverage, given: value))
    }
    for value in [0, 1, -0.5] {
        refuses(
            \.estimation.shrinkingFactor, value,
            .optionOutOfRange(.shrinkingFactor, given: value))
    }
    let error = VocabularyTrainingError.optionOutOfRange(.maximumPieceLength, given: 65)
    #expect(
        error.description
            == "vocabulary option `maximumPieceLength` must be in 1 … 64. Given: 65")
}

private func refuses<Value>(
    _ path: WritableKeyPath<TrainingOptions, Value>, _ value: Value,
    _ error: VocabularyTrainingError
) {
    var options = TrainingOptions()
    options[keyPath: path] = value
    #expect(throws: error) { try VocabularyTrainer(options: options).train(on: ["a"]) }
}

@Test("A model whose normalisation cannot be taken over is refused")
func refusesNormalization() {
    let model = ModelBuilder(type: 1).piece("<unk>", 0, .unknown).piece("a")
    let cases: [([UInt8], VocabularyTrainingError)] = [
        ([0x0A], .unreadableNormalization(.malformedMessage(.truncated, offset: 1))),
        (
            model.spec(3, ModelBuilder.characterMap([1])).bytes,
            .unreadableNormalization(.invalidCharacterMap(.trieSize(0)))
        ),
        (model.spec(3, [0x28, 0]).bytes, .spacesNotEscaped),
    ]
    for (bytes, error) in cases {
        refuses(\.normalization, .sameAs(model: bytes), error)
        #expect(error.description.hasPrefix("normalisation cannot be taken over: "))
    }
}
