import Checkpoint
import System

/// The outputs of a run's sentences on disk, a line of target ids for each, so that none is decoded twice.
struct OutputStore {
    private static let file = "outputs.txt"
    private let path: String
    private let vocabularySize: Int
    private static let lineFeed = UInt8(ascii: "\n")

    init(directory: String, vocabularySize: Int) {
        path = "\(directory)/\(Self.file)"
        self.vocabularySize = vocabularySize
    }

    /// Reads what is there; a line that was cut off is taken away.
    ///
    /// - Throws: `outOfRange` for a line that no run wrote; `fileUnreadable`, `fileUnwritable`.
    func read() throws(CheckpointError) -> [[Int]] {
        guard !RegularFile.isAbsent(path) else { return [] }
        var bytes = try CheckpointError.converting { () throws(FileError) in
            try RegularFile.bytes(path, limit: 1 << 32)
        }
        if let last = bytes.last, last != Self.lineFeed {
            bytes.removeLast(bytes.count - ((bytes.lastIndex(of: Self.lineFeed) ?? -1) + 1))
            try CheckpointError.converting { () throws(FileError) in
                try AtomicFile.write(bytes, to: path)
            }
        }
        var outputs: [[Int]] = []
        for line in bytes.split(separator: Self.lineFeed, omittingEmptySubsequences: false)
            .dropLast()
        {
            let words = line.split(separator: UInt8(ascii: " "))
            let ids = words.compactMap { Int(String(decoding: $0, as: UTF8.self)) }
            guard ids.count == words.count,
                ids.allSatisfy({ (0..<vocabularySize).contains($0) })
            else {
                throw CheckpointError(
                    .outOfRange, file: path, subject: "line \(outputs.count + 1)",
                    found: "something else",
                    expected: "target ids, 0 to \(vocabularySize - 1), as a run writes them")
            }
            outputs.append(ids)
        }
        return outputs
    }

    /// Adds the next outputs.
    func append(_ outputs: [[Int]]) throws(CheckpointError) {
        let lines = outputs.map { $0.map(String.init).joined(separator: " ") + "\n" }.joined()
        try CheckpointError.converting { () throws(FileError) in
            try FileWriting.append(Array(lines.utf8), to: path)
        }
    }
}
