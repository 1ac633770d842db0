extension SentencePieceProcessor {
    /// Joins pieces to text: spaces restored, the dummy prefix dropped, control pieces omitted.
    ///
    /// Byte pieces in a row form characters, invalid ones U+FFFD; the unknown piece becomes the
    /// model's unknown surface, and a string that is no piece stands for itself.
    public func decode(pieces: some Sequence<String>) -> String {
        var decoder = Decoder(processor: self)
        for piece in pieces {
            let bytes = Array(piece.utf8)
            decoder.append(bytes, vocabulary.id(of: bytes, bytes.indices))
        }
        return decoder.finish()
    }

    /// Joins the pieces of ids to text; an id that names no piece is taken for the unknown id.
    public func decode(ids: some Sequence<Int>) -> String {
        var decoder = Decoder(processor: self)
        for id in ids {
            let known = vocabulary.texts.indices.contains(id) ? id : Int(vocabulary.unknownID)
            decoder.append(vocabulary.texts[known], Int32(known))
        }
        return decoder.finish()
    }
}

/// The text decoded so far and what the next piece's leading space depends on.
private struct Decoder {
    let processor: SentencePieceProcessor
    var text: [UInt8] = []
    var bytes: [UInt8] = []
    var isAtStart = true
    var sawLeadingSpace = false

    init(processor: SentencePieceProcessor) {
        self.processor = processor
    }

    mutating func append(_ piece: [UInt8], _ id: Int32) {
        if let byte = processor.vocabulary.byteValues[id] {
            bytes.append(byte)
            return
        }
        flushBytes()
        if sawLeadingSpace || !text.isEmpty { isAtStart = false }
        sawLeadingSpace = false
        switch processor.vocabulary.kinds[Int(id)] {
        case .control: break
        case .unknown:
            let isName = piece == processor.vocabulary.texts[Int(id)]
            text += isName ? processor.unknownSurface : piece
        default: appendText(piece)
        }
    }

    mutating func finish() -> String {
        flushBytes()
        let output = processor.denormalizer?.normalize(text) ?? text
        return String(decoding: output, as: UTF8.self)
    }

    private mutating func appendText(_ piece: [UInt8]) {
        var rest = piece[...]
        if isAtStart && processor.stripsLeadingSpace
            && rest.starts(with: Normalizer.spaceSymbol)
        {
            rest = rest.dropFirst(Normalizer.spaceSymbol.count)
            // Where white space is collapsed, every leading space goes; otherwise only the first.
            sawLeadingSpace = !processor.stripsAllLeadingSpace
        }
        while let byte = rest.first {
            if rest.starts(with: Normalizer.spaceSymbol) {
                text.append(0x20)
                rest = rest.dropFirst(Normalizer.spaceSymbol.count)
            } else {
                text.append(byte)
                rest = rest.dropFirst()
            }
        }
    }

    private mutating func flushBytes() {
        var offset = 0
        while offset < bytes.count {
            if let length = bytes.span.characterLength(at: offset) {
                text += bytes[offset..<(offset + length)]
                offset += length
            } else {
                text += [0xEF, 0xBF, 0xBD]
                offset += 1
            }
        }
        bytes.removeAll()
    }
}
