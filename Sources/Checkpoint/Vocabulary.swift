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
    /// The id of `<pad>`.
    public let padID: Int
    private let ids: [ExactString: Int]
    private let pieces: [String?]

    /// Reads a vocabulary file's object.
    ///
    /// - Parameters:
    ///   - object: pieces with their ids.
    ///   - file: its name, for errors.
    ///   - size: V.
    /// - Throws: `wrongType`, `outOfRange`, `malformedVocabulary`; the piece is named.
    public init(_ object: JSONObject, file: String, size: Int) throws(CheckpointError) {
        let keys = KeyReader(file: file, object: object)
        var ids: [ExactString: Int] = [:]
        ids.reserveCapacity(object.members.count)
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
            ids[ExactString(member.name)] = id
        }
        func special(_ piece: String) throws(CheckpointError) -> Int {
            guard let id = ids[ExactString(piece)] else {
                throw keys.fault(
                    .malformedVocabulary, piece, found: "no such piece",
                    expected: "the pieces </s>, <unk> and <pad>")
            }
            return id
        }
        endOfSentenceID = try special("</s>")
        unknownID = try special("<unk>")
        padID = try special("<pad>")
        self.size = size
        self.ids = ids
        self.pieces = pieces
    }

    /// The id of a piece, or nil where the vocabulary lacks it; O(bytes of the piece).
    public func id(of piece: String) -> Int? {
        ids[ExactString(piece)]
    }

    /// The piece of an id; nil outside 0 … V−1 and for ids without a piece.
    public func piece(of id: Int) -> String? {
        pieces.indices.contains(id) ? pieces[id] : nil
    }
}
