import TestSupport
import Testing
import TextFiles

@Suite("Pairs of lines", .timeLimit(.minutes(10)))
struct ParallelReaderTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func reader(_ source: [UInt8], _ target: String) throws -> ParallelReader {
        try directory.write(source, to: "a")
        try directory.write(Array(target.utf8), to: "b")
        return try ParallelReader(directory.path + "/a", directory.path + "/b")
    }

    @Test("come in their order, also where one is no text")
    func order() throws {
        let reader = try reader([0x61, 0x0A, 0xFF, 0x0A, 0x63], "x\n\nz\n")
        var pairs: [(TextLine, TextLine)] = []
        while let pair = try reader.next() { pairs.append(pair) }
        #expect(pairs.map(\.0.number) == [1, 2, 3] && pairs.map(\.1.number) == [1, 2, 3])
        #expect(pairs.map(\.0.content) == [.success("a"), .failure(.notUTF8), .success("c")])
        #expect(pairs.map(\.1.content) == [.success("x"), .success(""), .success("z")])
    }

    @Test("are refused where one file is longer, with both numbers of lines")
    func unequal() throws {
        let longer = try reader(Array("a\nb\nc\nd\n".utf8), "x\ny\n")
        let error = try #require(throws: TextFileError.self) { while try longer.next() != nil {} }
        let path = directory.path
        #expect(error.cause == .lineCount(4, other: path + "/b", otherCount: 2))
        #expect(error.file == path + "/a")
        let shorter = try reader(Array("a\n".utf8), "x\ny\nz\n")
        let other = try #require(throws: TextFileError.self) { while try shorter.next() != nil {} }
        #expect(other.cause == .lineCount(1, other: path + "/b", otherCount: 3))
    }
}
