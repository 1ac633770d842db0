import Compression
import Glibc
import TestSupport
import Testing
import TextFiles

@Suite("Lines of a file", .timeLimit(.minutes(10)))
struct LineReaderTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func file(_ bytes: [UInt8], _ name: String = "text") throws -> String {
        try directory.write(bytes, to: name)
        return directory.path + "/" + name
    }

    @Test("are the same from gzip as from plain text, whatever the file is called")
    func gzip() throws {
        let lines = (0..<30_000).map { "Zeile \($0) ist länger als die vorige." }
        let text = Array(lines.joined(separator: "\r\n").utf8)
        #expect(try LineReader.lines(file(text)) == lines)
        #expect(try LineReader.lines(file(Gzip.compress(text), "packed")) == lines)
        // Members in a row are one text, as `cat a.gz b.gz` makes them.
        let half = text.count / 2
        let members = [text[..<half], text[half...]].map { Gzip.compress(Array($0)) }
        #expect(try LineReader.lines(file(members[0] + members[1])) == lines)
    }

    @Test("come from a pipe as it fills, gzip's two bytes one by one")
    func pipe() throws {
        let text = Gzip.compress(Array("eins\nzwei\n".utf8))
        try directory.makePipe("pipe")
        let path = directory.path + "/pipe"
        // Both ends, so that opening waits for nobody.
        let both = open(path, O_RDWR | O_CLOEXEC)
        defer { close(both) }
        let writer = open(path, O_WRONLY | O_CLOEXEC)
        let reader = try LineReader(path)
        for byte in text { _ = withUnsafeBytes(of: byte) { write(writer, $0.baseAddress, 1) } }
        close(writer)
        #expect(try reader.next() == "eins")
        #expect(try reader.next() == "zwei")
    }

    @Test("that are no text are named by file and number")
    func faults() throws {
        let bytes = Array("gut\n".utf8) + [0xFF, 0x0A] + Array("gut\n".utf8)
        let path = try file(bytes)
        let error = try #require(throws: TextFileError.self) { try LineReader.lines(path) }
        #expect(error.description == "\(path):2: not UTF-8")
        let reader = try LineReader(path, limit: 2)
        var contents: [Result<String, LineFault>] = []
        while let line = try reader.nextLine() { contents.append(line.content) }
        #expect(
            contents == [
                .failure(.tooLong(limit: 2)), .failure(.notUTF8), .failure(.tooLong(limit: 2)),
            ])
    }

    @Test("of gzip data that is cut or changed end with the fault and the line that it breaks")
    func brokenGzip() throws {
        let packed = Gzip.compress(Array("eins\nzwei\n".utf8))
        let cut = try file(Array(packed.dropLast(3)))
        let error = try #require(throws: TextFileError.self) { try LineReader.lines(cut) }
        #expect(error.cause == .gzip(.truncated) && error.line == 3)
        let tail = try file(packed + [1, 2, 3])
        #expect(throws: TextFileError(.gzip(.trailingBytes), file: tail, line: 3)) {
            try LineReader.lines(tail)
        }
    }

    @Test("that does not exist, or is a folder, say so")
    func unreadable() throws {
        let missing = directory.path + "/none"
        #expect(throws: TextFileError(.unopened(code: ENOENT), file: missing)) {
            try LineReader.lines(missing)
        }
        #expect(throws: TextFileError(.unopened(code: EISDIR), file: directory.path)) {
            try LineReader.lines(directory.path)
        }
    }

    /// The resident memory of this process that was in use at most, in bytes.
    private var peak: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }

    @Test("of 256 MB in 250 kB of gzip, some of them without end, take little memory")
    func bounded() throws {
        let line = [UInt8](repeating: 0x61, count: 999) + [0x0A]
        let million = Array(repeatElement(line, count: 1000).joined())
        let member = Gzip.compress(million)
        let endless = Gzip.compress([UInt8](repeating: 0x62, count: 1 << 20))
        var packed = Array(repeatElement(member, count: 128).joined())
        packed += Array(repeatElement(endless, count: 128).joined())
        let path = try file(packed)
        let before = peak
        let reader = try LineReader(path)
        var count = 0
        var faults = 0
        while let line = try reader.nextLine() {
            count += 1
            if case .failure = line.content { faults += 1 }
        }
        #expect(count == 128_001 && faults == 1)
        #expect(peak - before < 32 << 20)
    }
}

@Suite("Two files whose lines belong together", .timeLimit(.minutes(10)))
struct ParallelTextTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func read(
        _ source: String, _ reference: String, _ blankLines: ParallelText.BlankLines = .refused,
        limit: Int = .max
    ) throws -> ParallelText {
        try directory.write(Array(source.utf8), to: "source")
        try directory.write(Array(reference.utf8), to: "reference")
        return try ParallelText(
            directory.path + "/source", directory.path + "/reference", blankLines: blankLines,
            limit: limit)
    }

    @Test("have equal lines with either ending")
    func endings() throws {
        let text = try read("ein Hund\r\neine Katze\r\n", "a dog\na cat")
        #expect(text.sources == ["ein Hund", "eine Katze"])
        #expect(text.references == ["a dog", "a cat"])
        #expect(try read("a\n\u{A0}\n", "b\nc\n", .kept).sources == ["a", "\u{A0}"])
        #expect(try read("a\nb\nc\n", "d\n", limit: 1).sources == ["a"])
    }

    @Test(
        "that do not fit are refused with the file and the line",
        arguments: [
            ("a\nb\n", "c\n", "source has 2 lines and "), ("", "", "source has 0 lines and "),
            ("a\n \u{2003}\n", "b\nc\n", "source:2: an empty line"),
            ("a\n", "\n", "reference:1: an empty line"),
        ])
    func faults(source: String, reference: String, text: String) throws {
        let error = try #require(throws: TextFileError.self) { try read(source, reference) }
        #expect(error.description.contains(text))
    }
}
