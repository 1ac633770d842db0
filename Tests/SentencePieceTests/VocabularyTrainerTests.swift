import SentencePiece
import SentencePieceTraining
import Testing

@Test("BPE merges the most frequent pair first, and characters follow by frequency")
func learnsMergesByHand() throws {
    // ▁ab ×3, ▁ac ×1. Pairs: ▁a 4, ab 3, ac 1; then ▁a+b 3, ▁a+c 1. ▁ and a both occur four times.
    let model = try train(["ab ab", "ab ac"], .bpe, size: 10, byteFallback: false)
    #expect(
        pieces(of: model)
            == ["<unk>", "<s>", "</s>", "▁a", "▁ab", "▁ac", "a", "▁", "b", "c"])
}

@Test("Of equally frequent pairs the shorter union is merged first, then the first by code point")
func breaksTiesByLengthAndText() throws {
    let model = try train(["dc ba"], .bpe, size: 12, byteFallback: false)
    #expect(pieces(of: model)[3..<7] == ["ba", "dc", "▁ba", "▁dc"])
}

@Test("BPE counts a pair's occurrences in a run of equal characters as they are merged")
func mergesRuns() throws {
    let model = try train(["aaaa aaaa", "b"], .bpe, size: 9, byteFallback: false)
    #expect(pieces(of: model)[3..<6] == ["aa", "▁aa", "▁aaaa"])
    #expect(model.encode("aaaa aaa") == ["▁aaaa", "▁aa", "a"])
}

@Test("BPE learns the pieces that the reference implementation learns, in their order")
func learnsReferenceMerges() throws {
    let expected = """
        he er ▁t ▁the ▁r an ▁d en es in ▁b at ot ▁a ▁o it Bo as ie ▁s ▁w oat ver ▁Bo ▁Boot ▁boat \
        un us ▁D ▁F ▁T ▁m ▁ri ld ▁i and lus luss ▁The ▁Fluss ▁river Uf ▁f ▁l ank und ▁Uf ▁and \
        ▁das ▁und ▁Ufer ▁ e t n a r s i o h d l . u m b f w g k v B c D F T , U A E I M S z K W \
        ü Z y ä
        """
    let model = try train(TrainingSentences.all, .bpe, size: 350)
    let learnt = pieces(of: model).dropFirst(259)
    #expect(learnt.elementsEqual(expected.split(separator: " ").map(String.init)))
}

@Test("A unigram model keeps the word that the text consists of, and the characters")
func estimatesByHand() throws {
    // ▁ab explains all of the text; the other substrings are then expected nowhere.
    let model = try train(["ab ab", "ab"], .unigram, size: 7, byteFallback: false)
    #expect(pieces(of: model).dropFirst(3) == ["▁ab", "a", "b", "▁"])
    #expect(throws: VocabularyTrainingError.sizeTooLarge(given: 8, largest: 7)) {
        try train(["ab ab", "ab"], .unigram, size: 8, byteFallback: false)
    }
}

@Test("Text comes back from its pieces", arguments: TrainingOptions.Algorithm.allCases)
func restoresText(algorithm: TrainingOptions.Algorithm) throws {
    let model = try train(TrainingSentences.all, algorithm, size: 400)
    for sentence in TrainingSentences.all + ["Überraschung: 日本 and 👩‍👩‍👧, naïve!"] {
        #expect(utf8(model.decode(pieces: model.encode(sentence))) == utf8(sentence))
        #expect(utf8(model.decode(ids: model.encodeToIDs(sentence))) == utf8(sentence))
    }
}

@Test(
    "A model has the size asked for, special and byte pieces first",
    arguments: TrainingOptions.Algorithm.allCases)
func fillsTheSize(algorithm: TrainingOptions.Algorithm) throws {
    for size in [330, 370, 400] {
        let model = try train(TrainingSentences.all, algorithm, size: size)
        #expect(model.pieceCount == size)
        #expect(pieces(of: model)[0..<4] == ["<unk>", "<s>", "</s>", "<0x00>"])
        #expect(model.piece(258) == "<0xFF>")
        #expect(Set(pieces(of: model).map(utf8)).count == size)
    }
}

@Test(
    "The same text and options give the same bytes", arguments: TrainingOptions.Algorithm.allCases)
func isDeterministic(algorithm: TrainingOptions.Algorithm) throws {
    let trainer = VocabularyTrainer(options: options(algorithm, size: 400))
    let first = try trainer.train(on: TrainingSentences.all)
    #expect(try trainer.train(on: TrainingSentences.all) == first)
}

@Test("Frequent words become one piece and take fewer pieces than rare ones")
func keepsFrequentWords() throws {
    let model = try train(TrainingSentences.all, .unigram, size: 400)
    #expect(model.encode("the") == ["▁the"])
    #expect(model.encode("boat") == ["▁boat"])
    #expect(model.encode("quartz").count > 2)
}

@Test("A larger vocabulary never needs more pieces", arguments: TrainingOptions.Algorithm.allCases)
func shortensTextWithSize(algorithm: TrainingOptions.Algorithm) throws {
    let counts = try [330, 370, 400].map { size in
        let model = try train(TrainingSentences.all, algorithm, size: size)
        return TrainingSentences.all.reduce(0) { $0 + model.encode($1).count }
    }
    #expect(counts == counts.sorted(by: >))
}

@Test(
    "Characters outside the coverage and of other texts are spelt in bytes",
    arguments: TrainingOptions.Algorithm.allCases)
func spellsUncoveredCharacters(algorithm: TrainingOptions.Algorithm) throws {
    var options = options(algorithm, size: 264)
    options.characterCoverage = 0.99
    let text = [String](repeating: "abab abab", count: 50) + ["aéb"]
    let bytes = try VocabularyTrainer(options: options).train(on: text)
    let model = try SentencePieceProcessor(model: bytes)
    #expect(model.id(of: "é") == nil)
    #expect(model.encode("abé").suffix(2) == ["<0xC3>", "<0xA9>"])
    #expect(model.decode(pieces: model.encode("é 中 a")) == "é 中 a")
}

@Test("Without byte fallback an unseen character is the unknown piece")
func leavesCharactersUnknown() throws {
    let model = try train(["ab ab"], .unigram, size: 6, byteFallback: false)
    #expect(pieces(of: model).prefix(3) == ["<unk>", "<s>", "</s>"])
    #expect(model.encodeToIDs("ab é").last == model.unknownID)
}

@Test(
    "No piece reaches over a space or mixes scripts", arguments: TrainingOptions.Algorithm.allCases)
func cutsBetweenScripts(algorithm: TrainingOptions.Algorithm) throws {
    let text = [String](repeating: "ab12 x, <s> мир日本 e\u{301}e\u{301}", count: 9)
    // The most that each can have: BPE keeps the steps to its longest pieces.
    let model = try train(text, algorithm, size: algorithm == .bpe ? 288 : 283)
    let learnt = pieces(of: model).dropFirst(259).map(utf8)
    for piece in ["12", "▁ab", "▁<", "▁мир", "日本", "▁e\u{301}e\u{301}"] {
        #expect(learnt.contains(utf8(piece)))
    }
    for piece in ["b1", "x,", "<s", "<s>", "р日", "▁ab▁"] {
        #expect(!learnt.contains(utf8(piece)))
    }
    let inside = learnt.filter { $0.dropFirst(3).contains(0xE2) }
    #expect(inside.isEmpty)
}

@Test("Pieces are no longer than allowed", arguments: TrainingOptions.Algorithm.allCases)
func respectsMaximumLength(algorithm: TrainingOptions.Algorithm) throws {
    var options = options(algorithm, size: 350)
    options.maximumPieceLength = 3
    let bytes = try VocabularyTrainer(options: options).train(on: TrainingSentences.all)
    let learnt = pieces(of: try SentencePieceProcessor(model: bytes)).dropFirst(259)
    #expect(learnt.map(\.unicodeScalars.count).max() == 3)
}

@Test("Normalisation taken over from a model holds in training and in the new model")
func takesNormalizationOver() throws {
    var options = options(.bpe, size: 266)
    options.normalization = .sameAs(model: try Fixture.bytes(of: "unigram-nfkc-bytes.spm"))
    let bytes = try VocabularyTrainer(options: options).train(on: ["ﬁ", "ＦＩ", "fi"])
    let model = try SentencePieceProcessor(model: bytes)
    let source = try Fixture.processor("unigram-nfkc-bytes")
    for text in ["  ﬁve  Ｆ", "½ e\u{301}", "x\u{200B}y\tz"] {
        #expect(model.normalForm(text) == source.normalForm(text))
    }
    #expect(model.id(of: "ﬁ") == nil)
    #expect(model.id(of: "f") != nil)
}

@Test("Words without an end and characters that no model can hold do no harm")
func survivesOddText() throws {
    let long = String(repeating: "ab", count: 6000) + "\0" + String(repeating: "a", count: 6000)
    for algorithm in TrainingOptions.Algorithm.allCases {
        let model = try train([long, "\u{2585}\u{FEFF}", "", "  "], algorithm, size: 266)
        #expect(model.id(of: "\0") == nil)
        #expect(utf8(model.decode(pieces: model.encode(long))) == utf8(long))
    }
}

@Test("Training reports what it has counted, and pieces that become fewer")
func reportsProgress() throws {
    var reports: [VocabularyTrainer.Progress] = []
    _ = try VocabularyTrainer(options: options(.unigram, size: 330))
        .train(on: TrainingSentences.all) { reports.append($0) }
    guard case .counted(let words, let distinct, let characters) = reports.first else {
        Issue.record("no count came first")
        return
    }
    #expect(words > distinct && distinct > characters)
    let counts = reports.compactMap { report in
        if case .estimated(let pieces, let logLikelihood) = report, logLikelihood < 0 {
            return pieces
        }
        return nil
    }
    #expect(counts.count == reports.count - 1)
    #expect(counts.count > 2 && counts == counts.sorted(by: >))
}
