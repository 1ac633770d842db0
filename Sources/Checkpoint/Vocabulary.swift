public import JSON

/// The ids that the network uses for pieces: vocab.json or target_vocab.json.
///
/// Pieces are told apart byte for byte. There may be fewer pieces than rows of the embedding, as
/// where those are padded; an id without a piece is then never text.
public struct Vocabulary: Sendable {
    /// V: ids are 0 … V−1.
    public let size: Int
    /// The id of `</s>`.
    public let endOfSentenceID: Int
    /// The id of `<unk>`, which stands for source pieces that are not here.
    public let unknownID: Int
    /// The id of `<pad>`; nil where there is no such piece and none is needed.
    public let padID: Int?
    private let ids: [ExactString: Int]
    private let pieces: [String?]

    /// The pieces that stand for no text.
    struct Specials {
        var endOfSentence = "</s>"
        var unknown = "<unk>"
        /// Nil where none is needed.
        var padding: String? = "<pad>"

        /// Those of vocabularies that have no pad.
        static let withoutPadding = Specials(padding: nil)
    }

    /// Reads a vocabulary file's object.
    ///
    /// - Parameters:
    ///   - object: pieces with their ids.
    ///   - file: its name, for errors.
    ///   - size: V.
    /// - Throws: `wrongType`, `outOfRange`, `malformedVocabulary`; the piece is named.
    public init(_ object: JSONObject, file: String, size: Int) throws(CheckpointError) {
        try self.init(object, file: file, size: size, specials: Specials())
    }

    init(
        _ object: JSONObject, file: String, size: Int, specials: Specials
    ) throws(CheckpointError) {
        let keys = KeyReader(file: file, object: object)
        var pieces = [String?](repeating: nil, count: size)
        for member in object.members {
            guard let value = member.value.integerValue else {
                throw keys.fault(
                    .wrongType, member.name, found: member.value.kind, expected: "an integer")
            }
            guard let id = Int(exactly: value), pieces.indices.contains(id) else {
                throw keys.fault(
                    .outOfRange, member.name, found: "\(value)",
                    expected: "an id from 0 to \(size - 1)")
            }
            if let other = pieces[id] {
                throw keys.fault(
                    .malformedVocabulary, member.name,
                    found: "id \(id), which is that of \(CheckpointError.quoted(other)) too",
                    expected: "an id of its own")
            }
            pieces[id] = member.name
        }
        try self.init(pieces: pieces, file: file, specials: specials)
    }

    /// Numbers pieces in their order; of two that are the same the first counts.
    ///
    /// Nil stands for an id without a piece.
    init(
        pieces: [String?], file: String, specials: Specials = .withoutPadding
    ) throws(CheckpointError) {
        var ids: [ExactString: Int] = [:]
        ids.reserveCapacity(pieces.count)
        for case (let id, let piece?) in pieces.enumerated() {
            ids.merge([(ExactString(piece), id)]) { first, _ in first }
        }
        func special(_ piece: String) throws(CheckpointError) -> Int {
            guard let id = ids[ExactString(piece)] else {
                throw CheckpointError(
                    .malformedVocabulary, file: file, subject: piece, found: "no such piece",
                    expected: "the pieces \(specials.list)")
            }
            return id
        }
        endOfSentenceID = try special(specials.endOfSentence)
        unknownID = try special(specials.unknown)
        padID = if let padding = specials.padding { try special(padding) } else { nil }
        size = pieces.count
        self.ids = ids
        self.pieces = pieces
    }

    /// Pieces with their ids; of pieces that are there twice the first.
    var object: JSONObject {
        JSONObject(
            pieces.enumerated().compactMap { id, piece in
                guard let piece, self.id(of: piece) == id else { return nil }
                return .init(piece, .integer(Int64(id)))
            })
    }

    /// Whether ids stand for the same pieces in another vocabulary.
    func hasSamePieces(as other: Vocabulary) -> Bool { size == other.size && ids == other.ids }

    /// The id of a piece, or nil where the vocabulary lacks it; O(bytes of the piece).
    public func id(of piece: String) -> Int? {
        ids[ExactString(piece)]
    }

    /// The piece of an id; nil outside 0 … V−1 and for ids without a piece.
    public func piece(of id: Int) -> String? {
        pieces.indices.contains(id) ? pieces[id] : nil
    }
}

extension Vocabulary.Specials {
    /// "</s>, <unk> and <pad>".
    fileprivate var list: String {
        guard let padding else { return "\(endOfSentence) and \(unknown)" }
        return "\(endOfSentence), \(unknown) and \(padding)"
    }
}
