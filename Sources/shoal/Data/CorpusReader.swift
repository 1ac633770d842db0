import Configuration
import CorpusPreparation
import Glibc
import TextFiles

/// The pairs of several pairs of files, one after the other, in parts that fit into memory.
struct CorpusReader {
    private let files: [(source: String, target: String)]
    private var input = 0
    private var reader: ParallelReader?

    /// A part ends with so many pairs, or so many bytes.
    private static let partLimits = (pairs: 8_192, bytes: 8 << 20)

    init(_ files: [(source: String, target: String)]) { self.files = files }

    /// Checks that all files are there and can be read twice.
    ///
    /// - Throws: `TextFileError`, `Failure`.
    func check() throws {
        for path in files.flatMap({ [$0.source, $0.target] }) {
            var status = stat()
            if path == LineReader.standardInput.path
                || stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
                    && status.st_mode & S_IFMT != S_IFDIR
            {
                throw Failure(
                    "\(path): the text is read twice; give a regular file", code: EX_DATAERR)
            }
            _ = try LineReader(path)
        }
    }

    /// The next pairs; none at the end.
    ///
    /// - Throws: `TextFileError`.
    mutating func next() throws -> [RawPair] {
        var pairs: [RawPair] = []
        var bytes = 0
        while pairs.count < Self.partLimits.pairs, bytes < Self.partLimits.bytes,
            input < files.count
        {
            let reader =
                try self.reader ?? ParallelReader(files[input].source, files[input].target)
            self.reader = reader
            guard let (source, target) = try reader.next() else {
                input += 1
                self.reader = nil
                continue
            }
            let pair = RawPair(
                PairPlace(input: input, line: source.number), source: try? source.content.get(),
                target: try? target.content.get())
            bytes += (pair.source?.utf8.count ?? 0) + (pair.target?.utf8.count ?? 0)
            pairs.append(pair)
        }
        return pairs
    }
}
