import SentencePiece

/// The normaliser of a model to be, as a message and at work.
struct NormalizerSource {
    /// A serialised `NormalizerSpec`.
    let message: [UInt8]
    let normalizer: Normalizer

    init(
        _ normalization: VocabularyTrainer.Options.Normalization
    ) throws(VocabularyTrainingError) {
        let spec: ModelFile.NormalizerSpec
        do throws(SentencePieceError) {
            message =
                switch normalization {
                case .identity: Self.identity()
                case .sameAs(let model): try Self.normalizerSpec(of: model)
                }
            // Read back, so that training normalises by the very message that the model gets.
            var model = ProtobufWriter()
            model.write(3, content: message)
            let file = try ModelFile(model.bytes)
            spec = file.normalizer
            normalizer = try Normalizer(spec, in: file, userDefined: nil, spaceIsSuffix: false)
        } catch {
            throw .unreadableNormalization(error)
        }
        guard spec.escapesWhitespace else { throw .spacesNotEscaped }
    }

    private static func identity() -> [UInt8] {
        var spec = ProtobufWriter()
        spec.write(1, content: "identity".utf8)
        spec.write(2, content: [])
        let dummyPrefix = 3
        let extraWhitespace = 4
        let escapedWhitespace = 5
        for flag in [dummyPrefix, extraWhitespace, escapedWhitespace] {
            spec.write(flag, flag: true)
        }
        return spec.bytes
    }

    /// The bytes of every occurrence of the field in a row, which is how such messages merge.
    private static func normalizerSpec(of model: [UInt8]) throws(SentencePieceError) -> [UInt8] {
        guard model.count <= SentencePieceProcessor.modelByteLimit else {
            throw .modelTooLarge(byteLimit: SentencePieceProcessor.modelByteLimit)
        }
        var reader = ProtobufReader(model)
        var message: [UInt8] = []
        while let field = try reader.next() {
            if field.number == 3, case .bytes(let range) = field.payload {
                message += model[range]
            }
        }
        return message
    }
}
