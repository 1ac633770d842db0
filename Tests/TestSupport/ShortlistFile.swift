import JSON

/// Shortlists in Marian's binary format.
public enum ShortlistFile {
    /// A whole file.
    ///
    /// - Parameters:
    ///   - first: ids below it are candidates of every sentence.
    ///   - lists: target ids of each source id.
    /// - Returns: its bytes.
    public static func bytes(first: Int, lists: [[Int]]) -> [UInt8] {
        var starts = [0]
        for list in lists { starts.append(starts[starts.count - 1] + list.count) }
        let best = lists.map(\.count).max() ?? 0
        let numbers = [first, best, starts.count, starts[starts.count - 1]] + starts
        var bytes = little(0xF11A_48D5_0134_17F5 as UInt64) + [UInt8](repeating: 0, count: 8)
        for number in numbers { bytes += little(UInt64(number)) }
        for id in lists.joined() { bytes += little(UInt32(id)) }
        sign(&bytes)
        return bytes
    }

    /// Writes the checksum that the bytes have, where there is room for one.
    public static func sign(_ bytes: inout [UInt8]) {
        guard bytes.count >= 16 else { return }
        var sum: UInt64 = 0
        for place in stride(from: 16, through: bytes.count - 8, by: 8) {
            let word = bytes[place..<place + 8].reversed().reduce(0 as UInt64) {
                $0 << 8 | UInt64($1)
            }
            sum ^= word &+ 0x9E37_79B9 &+ (sum << 6) &+ (sum >> 2)
        }
        bytes.replaceSubrange(8..<16, with: little(sum))
    }

    private static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) }
    }
}

/// What Tests/Golden/marian/shortlist.py gave for a model of Tests/Golden/marian.
public struct ShortlistGolden {
    /// A source, its candidates, and the tokens of a search among these.
    public struct Case {
        /// Source ids, end of sentence included.
        public let source: [Int]
        /// Target ids, ascending.
        public let candidates: [Int]
        /// The exit of all tokens; nil where a threshold decides.
        public let exit: Int?
        /// Of `confidence`.
        public let threshold: Double?
        /// 1 is greedy.
        public let beam: Int
        /// Target ids.
        public let tokens: [Int]
        /// The layer of each token; empty where all have the same.
        public let exits: [Int]
    }

    /// The bytes of the shortlist.
    public let file: [UInt8]
    /// Searches.
    public let cases: [Case]

    /// Reads what belongs to a model.
    public init(_ model: String) throws {
        file = try Repository.bytes("Tests/Golden/marian/shortlists/\(model).bin")
        let root = try JSON.parse(
            Repository.bytes("Tests/Golden/marian/shortlists/\(model).json"))
        cases = (root.objectValue?["cases"]?.arrayValue ?? []).compactMap { value in
            guard let object = value.objectValue else { return nil }
            func ids(_ name: String) -> [Int] {
                (object[name]?.arrayValue ?? []).compactMap { $0.integerValue.map { Int($0) } }
            }
            return Case(
                source: ids("source"), candidates: ids("candidates"),
                exit: object["exit"]?.integerValue.map { Int($0) },
                threshold: object["threshold"]?.doubleValue,
                beam: object["beam"]?.integerValue.map { Int($0) } ?? 1, tokens: ids("tokens"),
                exits: ids("exits"))
        }
    }
}

extension Repository {
    /// The shipped checkpoint with a shortlist of the first 300 ids, and for each source id of 40 others.
    ///
    /// - Returns: a directory that goes with its last user.
    /// - Throws: what the system says.
    public static func listedModel() throws -> TemporaryDirectory {
        let directory = try linkedModel(leavingOut: [])
        let lists = (0..<4_000).map { id in
            (0..<40).map { (id * 97 + $0 * 53) % 4_000 }
        }
        try directory.write(ShortlistFile.bytes(first: 300, lists: lists), to: "shortlist.bin")
        return directory
    }
}
