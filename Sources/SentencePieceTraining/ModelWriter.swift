import SentencePiece

/// Serialises a `sentencepiece.ModelProto`; field numbers are those of `sentencepiece_model.proto`.
struct ModelWriter {
    private let options: VocabularyTrainer.Options
    private let normalizerSpec: [UInt8]
    private var message = ProtobufWriter()

    init(options: VocabularyTrainer.Options, normalizerSpec: [UInt8]) {
        self.options = options
        self.normalizerSpec = normalizerSpec
    }

    /// The model with special and byte pieces in front of the learnt ones.
    consuming func bytes(learnt: [LearntPiece]) -> [UInt8] {
        for (id, name) in VocabularyTrainer.specialPieces.enumerated() {
            write(Array(name.utf8), score: 0, kind: id == 0 ? .unknown : .control)
        }
        if options.byteFallback {
            for byte in UInt8.min...UInt8.max {
                write(Array(PieceKind.text(ofByte: byte).utf8), score: 0, kind: .byte)
            }
        }
        for piece in learnt { write(piece.text, score: piece.score, kind: .normal) }
        message.write(2, content: trainerSpec())
        message.write(3, content: normalizerSpec)
        return message.bytes
    }

    private mutating func write(_ text: [UInt8], score: Float, kind: PieceKind) {
        var piece = ProtobufWriter()
        piece.write(1, content: text)
        piece.write(2, float: score)
        if kind != .normal { piece.write(3, integer: Int(kind.rawValue)) }
        message.write(1, content: piece.bytes)
    }

    /// What segmentation reads of `TrainerSpec`, and how the model was made.
    private func trainerSpec() -> [UInt8] {
        var spec = ProtobufWriter()
        let type: ModelFile.ModelType = options.algorithm == .unigram ? .unigram : .bpe
        spec.write(TrainerField.modelType, integer: Int(type.rawValue))
        spec.write(TrainerField.vocabularySize, integer: options.size)
        spec.write(TrainerField.characterCoverage, float: Float(options.characterCoverage))
        if options.algorithm == .unigram {
            let estimation = options.estimation
            spec.write(TrainerField.seedSize, integer: estimation.seedSize)
            spec.write(TrainerField.shrinkingFactor, float: Float(estimation.shrinkingFactor))
            spec.write(TrainerField.stepsPerRound, integer: estimation.stepsPerRound)
        }
        spec.write(TrainerField.maximumPieceLength, integer: options.maximumPieceLength)
        spec.write(TrainerField.splitsByScript, flag: true)
        spec.write(TrainerField.splitsByWhitespace, flag: true)
        spec.write(TrainerField.splitsByNumber, flag: true)
        spec.write(TrainerField.byteFallback, flag: options.byteFallback)
        spec.write(TrainerField.unknownID, integer: 0)
        spec.write(TrainerField.beginningID, integer: 1)
        spec.write(TrainerField.endID, integer: 2)
        // There is no padding piece.
        spec.write(TrainerField.paddingID, integer: -1)
        return spec.bytes
    }
}

/// Field numbers of `TrainerSpec`.
private enum TrainerField {
    static let modelType = 3
    static let vocabularySize = 4
    static let characterCoverage = 10
    static let seedSize = 14
    static let shrinkingFactor = 15
    static let stepsPerRound = 17
    static let maximumPieceLength = 20
    static let splitsByScript = 21
    static let splitsByWhitespace = 22
    static let splitsByNumber = 23
    static let byteFallback = 35
    static let unknownID = 40
    static let beginningID = 41
    static let endID = 42
    static let paddingID = 43
}
