/// Decodes a sequence of pieces one by one, giving out text as soon as it is final.
///
/// All texts in a row are what `SentencePieceProcessor.decode(_:)` makes of the whole sequence. A run
/// of byte pieces gives its characters when it ends. A model that has a denormaliser gives everything
/// at the end, for its rules may span pieces.
public struct StreamingDecoder: Sendable {
    private let processor: SentencePieceProcessor
    private var assembler: TextAssembler
    private var given = 0

    init(_ processor: SentencePieceProcessor) {
        self.processor = processor
        assembler = TextAssembler(processor.decodingRules)
    }

    /// Takes the next piece.
    ///
    /// - Returns: whole characters; empty where none is final yet.
    public mutating func append(_ symbol: SentencePieceProcessor.Symbol) -> String {
        processor.append(symbol, to: &assembler)
        return processor.denormalizer == nil ? takeFinal() : ""
    }

    /// Ends the sequence.
    ///
    /// - Returns: the rest of the text.
    public mutating func finish() -> String {
        guard processor.denormalizer == nil else { return processor.finish(&assembler) }
        assembler.finish()
        return takeFinal()
    }

    private mutating func takeFinal() -> String {
        defer { given = assembler.text.count }
        return String(decoding: assembler.text[given...], as: UTF8.self)
    }
}
