/// Where pieces lie in the text as it was given, before normalisation.
extension SentencePieceProcessor {
    /// The pieces of a text in another numbering, each with its range.
    ///
    /// Ranges are UTF-8 offsets in `text`. They ascend, meet, start at 0, end with the text and lie on
    /// borders of Unicode scalars. A blank belongs to the piece that its visible space starts, or ends where
    /// the model writes spaces behind words; removed blanks and characters that vanish belong to the piece
    /// before, those at the start to the first. Of several pieces that share what is one step of
    /// normalisation (the bytes of a character, "½" as "1⁄2") the last has all of it, and the others have
    /// empty ranges where it starts.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - ids: the other numbering's id of each piece, `pieceCount` of them.
    ///   - unknown: gives the id of text that no piece covers, from its bytes.
    /// - Returns: what `encode(_:ids:unknown:)` gives, with ranges. A text without pieces has none.
    public func encodeWithRanges(
        _ text: String, ids: [Int32], unknown: (ArraySlice<UInt8>) -> Int
    ) -> [(id: Int, range: Range<Int>)] {
        precondition(ids.count == pieceCount, "a numbering has an id for each piece")
        let bytes = text.utf8.span
        let (normalized, origins) = normalizer.normalizeWithOrigins(bytes)
        let tokens = tokens(of: normalized.span)
        let starts = tokens.indices.map {
            $0 == 0 ? 0 : bytes.scalarStart(at: origins[tokens[$0].start])
        }
        return tokens.enumerated().map { index, token in
            let end = index + 1 < starts.count ? starts[index + 1] : bytes.count
            let id =
                Int(token.id) == vocabulary.unknownID
                ? unknown(normalized[token.range]) : Int(ids[Int(token.id)])
            return (id, starts[index]..<end)
        }
    }

    /// The text of a sequence of pieces, and the range of each in it.
    ///
    /// Ranges are UTF-8 offsets; they ascend, meet, start at 0, end with the text and lie on borders of
    /// Unicode scalars. A blank belongs to the piece that starts or ends with it; of byte pieces that spell a
    /// character the last has it. What shows nothing has an empty range.
    ///
    /// - Parameter symbols: the pieces; nil stands for one that is left out, and gets an empty range.
    /// - Returns: the text that `decode(_:)` gives, and a range for each element.
    public func decodeWithRanges(
        _ symbols: some Sequence<Symbol?>
    ) -> (text: String, ranges: [Range<Int>]) {
        var assembler = TextAssembler(decodingRules)
        var lengths: [Int] = []
        var run = ByteRun()
        for symbol in symbols {
            lengths.append(0)
            guard let symbol else { continue }
            if let byte = byte(of: symbol) {
                run.append(byte, at: lengths.count - 1)
                assembler.append(byte: byte)
            } else {
                let start = assembler.text.count + run.settle(&lengths)
                append(symbol, to: &assembler)
                lengths[lengths.count - 1] = assembler.text.count - start
            }
        }
        _ = run.settle(&lengths)
        assembler.finish()
        return ranges(in: assembler.text, lengths)
    }

    private func byte(of symbol: Symbol) -> UInt8? {
        guard case .piece(let id) = symbol, vocabulary.kinds[id] == .byte else { return nil }
        return PieceTable.byte(ofPiece: vocabulary.pieces[id])
    }

    /// The final text, with the ranges of stretches of the assembled one.
    private func ranges(
        in assembled: [UInt8], _ lengths: [Int]
    ) -> (text: String, ranges: [Range<Int>]) {
        let normal = denormalizer?.normalizeWithOrigins(assembled.span)
        let text = String(decoding: normal?.bytes ?? assembled, as: UTF8.self)
        var (ranges, end, place, start): ([Range<Int>], Int, Int, Int) = ([], 0, 0, 0)
        for (index, length) in lengths.enumerated() {
            end += length
            place = normal.map { Self.firstIndex(in: $0.origins, after: place, from: end) } ?? end
            let isLast = index == lengths.count - 1
            let border = isLast ? text.utf8.count : text.utf8.span.scalarStart(at: place)
            ranges.append(start..<border)
            start = border
        }
        return (text, ranges)
    }

    /// The first index from `start` on whose origin is at least `origin`.
    private static func firstIndex(in origins: [Int], after start: Int, from origin: Int) -> Int {
        var index = start
        while index < origins.count, origins[index] < origin { index += 1 }
        return index
    }
}

/// Byte pieces in a row that wait for what they spell.
private struct ByteRun {
    private var bytes: [UInt8] = []
    private var places: [Int] = []

    mutating func append(_ byte: UInt8, at place: Int) {
        bytes.append(byte)
        places.append(place)
    }

    /// Gives the last byte of each character its length, and one that is part of none that of U+FFFD.
    ///
    /// - Returns: the length of all.
    mutating func settle(_ lengths: inout [Int]) -> Int {
        var (offset, sum) = (0, 0)
        while offset < bytes.count {
            let length = bytes.span.characterLength(at: offset)
            offset += length ?? 1
            let shown = length ?? Normalizer.replacementCharacter.count
            lengths[places[offset - 1]] = shown
            sum += shown
        }
        bytes.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        return sum
    }
}

extension Span where Element == UInt8 {
    /// Where the scalar starts that the byte at `offset` is part of; an offset at or behind the end gives
    /// the end.
    fileprivate func scalarStart(at offset: Int) -> Int {
        var start = Swift.min(offset, count)
        while start > 0, start < count, self[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }
}
