import System

/// Which target ids are likely for each source id: a lexical shortlist, as models of Bergamot and Firefox have it.
///
/// Marian's binary format: a magic number, a checksum, how many of the first ids every sentence has, how many each source id has at most, the sizes of two
/// tables, and the tables: where the ids of each source id start, and the ids. All numbers have 64 bits but the ids, which have 32.
public struct Shortlist: Sendable {
    /// Its file in the checkpoint's directory.
    public let file: String
    /// The ids below it, the most frequent ones, are candidates of every sentence.
    public let firstCount: Int
    /// Most ids of a source id, as its maker was told.
    public let bestCount: Int

    private let vocabularies: Vocabularies
    /// Where the ids of each source id start; the last is where all end.
    private let starts: [UInt32]
    private let ids: [UInt32]

    /// What ids are held against.
    struct Vocabularies {
        let sourceSize: Int
        let targetSize: Int
        let endOfSentence: Int
        /// Whether an id is the same piece on both sides.
        let areShared: Bool
    }

    private static let magic: UInt64 = 0xF11A_48D5_0134_17F5
    private static let headerBytes = 48
    /// What the checksum does not cover: the magic number and itself.
    private static let uncheckedBytes = 16
    /// Numbers of candidates are multiples of it, as Marian's products need them.
    private static let multiple = 8

    /// Reads a file.
    ///
    /// - Throws: `malformedShortlist` for what is no whole and unchanged file of the format; `outOfRange` for one of another model.
    init(
        _ bytes: [UInt8], file: String, _ vocabularies: Vocabularies
    ) throws(CheckpointError) {
        self.file = file
        self.vocabularies = vocabularies
        func malformed(_ found: String) -> CheckpointError {
            CheckpointError(
                .malformedShortlist, file: file, found: found,
                expected: "a shortlist in Marian's binary format, whole and unchanged")
        }
        guard bytes.count >= Self.headerBytes else { throw malformed("\(bytes.count) bytes") }
        func number(_ place: Int) -> UInt64 { Self.number(bytes, at: 8 * place) }
        guard number(0) == Self.magic else {
            throw malformed("a file that begins with other bytes")
        }
        let header = (2...5).compactMap { Int(exactly: number($0)) }
        guard header.count == 4 else { throw malformed("a number above 2^63 in its head") }
        let room = bytes.count - Self.headerBytes
        guard header[2] >= 1, header[2] <= room / 8,
            header[3] <= (room - 8 * header[2]) / 4, 8 * header[2] + 4 * header[3] == room
        else {
            throw malformed(
                "\(bytes.count) bytes for \(header[2]) source ids and \(header[3]) candidates")
        }
        guard Self.checksum(bytes) == number(1) else {
            throw malformed("bytes that its checksum does not fit")
        }
        guard header[2] == vocabularies.sourceSize + 1 else {
            throw CheckpointError(
                .outOfRange, file: file, found: "candidates for \(header[2] - 1) source ids",
                expected: "\(vocabularies.sourceSize), those of the vocabulary")
        }
        firstCount = header[0]
        bestCount = header[1]
        starts = try Self.starts(bytes, count: header[2], end: header[3], malformed)
        let firstID = Self.headerBytes + 8 * header[2]
        ids = bytes.withUnsafeBytes { bytes in
            (0..<header[3]).map {
                UInt32(
                    littleEndian: bytes.loadUnaligned(
                        fromByteOffset: firstID + 4 * $0, as: UInt32.self))
            }
        }
        if let wrong = ids.first(where: { $0 >= vocabularies.targetSize }) {
            throw CheckpointError(
                .outOfRange, file: file, found: "the target id \(wrong)",
                expected: "ids from 0 to \(vocabularies.targetSize - 1)")
        }
    }

    /// A shortlist of lists.
    ///
    /// - Parameters:
    ///   - lists: target ids for each source id.
    ///   - vocabularies: what they are ids of.
    init(_ lists: [[Int]], _ vocabularies: Vocabularies) {
        precondition(lists.count == vocabularies.sourceSize)
        file = Checkpoint.shortlistFile
        firstCount = 0
        bestCount = lists.map(\.count).max() ?? 0
        self.vocabularies = vocabularies
        starts = lists.reduce(into: [0]) { $0.append($0[$0.count - 1] + UInt32($1.count)) }
        ids = lists.joined().map(UInt32.init)
    }

    /// The file; reading it gives the same candidates.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ number: some FixedWidthInteger) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(Self.magic)
        append(UInt64(0))
        for number in [firstCount, bestCount, starts.count, ids.count] { append(UInt64(number)) }
        for start in starts { append(UInt64(start)) }
        for id in ids { append(id) }
        withUnsafeBytes(of: Self.checksum(bytes).littleEndian) {
            bytes.replaceSubrange(8..<Self.uncheckedBytes, with: $0)
        }
        return bytes
    }

    private static func number(_ bytes: [UInt8], at offset: Int) -> UInt64 {
        bytes.withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
    }

    private static func starts(
        _ bytes: [UInt8], count: Int, end: Int, _ malformed: (String) -> CheckpointError
    ) throws(CheckpointError) -> [UInt32] {
        var starts: [UInt32] = []
        starts.reserveCapacity(count)
        for index in 0..<count {
            let start = number(bytes, at: headerBytes + 8 * index)
            guard start <= end, start <= UInt32.max, index > 0 || start == 0,
                UInt32(start) >= starts.last ?? 0, index < count - 1 || start == end
            else { throw malformed("candidates of source id \(index) that start at \(start)") }
            starts.append(UInt32(start))
        }
        return starts
    }

    /// Marian's: each whole number of 64 bits is mixed into what the ones before it gave, beginning with 0.
    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { bytes in
            var sum: UInt64 = 0
            for offset in stride(from: uncheckedBytes, through: bytes.count - 8, by: 8) {
                let number = UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                sum ^= number &+ 0x9E37_79B9 &+ (sum << 6) &+ (sum >> 2)
            }
            return sum
        }
    }

    /// The ids that the tokens of a sentence are chosen from, as Marian chooses them for a batch of this sentence alone.
    ///
    /// The first ids, those of each source id, the source ids themselves where both sides have one vocabulary, the end of sentence, and further ones from the first
    /// on until their number is a multiple of eight.
    ///
    /// - Parameter source: ids of the sentence, end of sentence included.
    /// - Returns: target ids, ascending.
    public func candidates(of source: [Int]) -> [Int] {
        let size = vocabularies.targetSize
        var chosen = [UInt64](repeating: 0, count: (size + 63) / 64)
        var count = 0
        func add(_ id: Int) {
            let bit = UInt64(1) << UInt64(id % 64)
            guard chosen[id / 64] & bit == 0 else { return }
            chosen[id / 64] |= bit
            count += 1
        }
        let first = min(firstCount, size)
        for id in 0..<first { add(id) }
        add(vocabularies.endOfSentence)
        for id in source {
            if vocabularies.areShared { add(id) }
            for place in starts[id]..<starts[id + 1] { add(Int(ids[Int(place)])) }
        }
        var next = first
        while count % Self.multiple != 0, next < size {
            add(next)
            next += 1
        }
        var candidates: [Int] = []
        candidates.reserveCapacity(count)
        for (index, word) in chosen.enumerated() where word != 0 {
            var rest = word
            while rest != 0 {
                candidates.append(64 * index + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return candidates
    }
}

extension DirectoryReader {
    /// The shortlist of a checkpoint: `shortlist.bin`, or as it lies beside a model of Marian; nil where there is none.
    mutating func shortlist(
        _ source: Vocabulary, _ target: Vocabulary, _ configuration: ModelConfiguration
    ) throws(CheckpointError) -> Shortlist? {
        let own = Checkpoint.shortlistFile
        guard let file = holds(own) ? own : try marianShortlist() else { return nil }
        return try Shortlist(
            try shortlistBytes(file), file: file, .init(source, target, configuration))
    }
}

extension Shortlist.Vocabularies {
    fileprivate init(
        _ source: Vocabulary, _ target: Vocabulary, _ configuration: ModelConfiguration
    ) {
        sourceSize = configuration.sourceVocabularySize
        targetSize = configuration.targetVocabularySize
        endOfSentence = configuration.endOfSentenceID
        areShared = source.hasSamePieces(as: target)
    }
}

extension Checkpoint {
    /// A shortlist for this checkpoint, which need not have one.
    ///
    /// - Parameter lists: target ids for each source id, in any order. Those of the end of sentence are candidates of every sentence.
    /// - Returns: what reading its file would give.
    public func shortlist(of lists: [[Int]]) -> Shortlist {
        Shortlist(lists, .init(sourceVocabulary, targetVocabulary, configuration))
    }

    /// Writes a shortlist into the checkpoint's directory, whole or not at all.
    ///
    /// It goes before one that lies beside a model of Marian.
    ///
    /// - Throws: as `requireOwnDirectory`; `fileUnwritable`.
    public func writeShortlist(_ shortlist: Shortlist) throws(CheckpointError) {
        try requireOwnDirectory()
        try CheckpointError.converting { () throws(FileError) in
            try AtomicFile.write(shortlist.bytes, to: "\(directory)/\(Self.shortlistFile)")
        }
    }
}
