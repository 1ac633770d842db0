import Glibc
import System
import TestSupport
import Testing

private func fault(_ path: String, limit: Int = 100) -> FileError.Code? {
    do throws(FileError) {
        _ = try RegularFile.bytes(path, limit: limit)
        return nil
    } catch {
        return error.code
    }
}

private func fault(
    _ file: borrowing RegularFile, _ body: (borrowing RegularFile) throws(FileError) -> Void
) -> FileError.Code? {
    do throws(FileError) {
        try body(file)
        return nil
    } catch {
        return error.code
    }
}

@Suite(.timeLimit(.minutes(10))) struct RegularFileTests {
    @Test("A file is read whole, through links too, also one that the kernel makes")
    func whole() throws {
        let directory = try TemporaryDirectory()
        let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
        try directory.write(bytes, to: "x")
        try directory.makeLink("link", to: "x")
        for name in ["x", "link"] {
            let path = directory.path + "/" + name
            #expect(try RegularFile.bytes(path, limit: bytes.count) == bytes)
        }
        try directory.write([], to: "empty")
        #expect(try RegularFile.bytes(directory.path + "/empty", limit: 0).isEmpty)
        #expect(try !RegularFile.bytes("/proc/self/status", limit: 1 << 20).isEmpty)
    }

    @Test("Pipes, devices, sockets and directories are refused, none of them waited for")
    func notRegular() throws {
        let directory = try TemporaryDirectory()
        try directory.makePipe("pipe")
        for path in [directory.path + "/pipe", "/dev/zero", "/dev/ptmx", directory.path, "/"] {
            #expect(fault(path) == .notRegular)
        }
        #expect(throws: FileError.self) {
            try FileWriting.append([1], to: directory.path + "/pipe")
        }
    }

    @Test("A file that is absent, a link to nothing and a loop of links are told apart")
    func absent() throws {
        let directory = try TemporaryDirectory()
        try directory.makeLink("dangling", to: "none")
        try directory.makeLink("loop", to: "loop")
        #expect(fault(directory.path + "/none") == .missing)
        #expect(fault(directory.path + "/dangling") == .missing)
        #expect(fault(directory.path + "/loop") == .unreadable)
        #expect(RegularFile.isAbsent(directory.path + "/none"))
        #expect(!RegularFile.isAbsent(directory.path + "/dangling"))
        #expect(!RegularFile.isAbsent(directory.path + "/loop"))
    }

    @Test("A file above its limit is refused by its size, a sparse one without being read")
    func tooLarge() throws {
        let directory = try TemporaryDirectory()
        try directory.write([1, 2, 3], to: "x")
        #expect(fault(directory.path + "/x", limit: 2) == .tooLarge)
        #expect(truncate(directory.path + "/x", 1 << 40) == 0)
        #expect(fault(directory.path + "/x", limit: 1 << 30) == .tooLarge)
    }

    @Test("A file that shrinks, or is written to, while it is read is an error")
    func changed() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/x"
        try directory.write([UInt8](repeating: 1, count: 10_000), to: "x")
        let file = try RegularFile(path)
        try file.requireUnchanged()
        #expect(truncate(path, 100) == 0)
        let unchanged = fault(file) { (file) throws(FileError) in try file.requireUnchanged() }
        #expect(unchanged == .changed)
        let whole = fault(file) { (file) throws(FileError) in _ = try file.bytes(limit: 1 << 20) }
        #expect(whole == .changed)
        let part = fault(file) { (file) throws(FileError) in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 50, alignment: 1)
            defer { buffer.deallocate() }
            try file.read(into: buffer, at: 80)
        }
        #expect(part == .changed)
    }

    @Test("Appending makes a file and goes on with it")
    func appending() throws {
        let directory = try TemporaryDirectory()
        try FileWriting.append([1, 2], to: directory.path + "/x")
        try FileWriting.append([3], to: directory.path + "/x")
        #expect(directory.bytes("x") == [1, 2, 3])
    }
}

@Suite(.timeLimit(.minutes(10))) struct HexadecimalTests {
    @Test("Bytes become two lower-case digits each, and come back from digits of either case")
    func roundTrip() {
        let all = (0...UInt8.max).map(\.self)
        let text = Hexadecimal.text(all)
        #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff"))
        #expect(Hexadecimal.bytes(text.utf8) == all)
        #expect(Hexadecimal.bytes(text.uppercased().utf8) == all)
        for wrong in ["0", "0g", " 00", "+1", "é0"] {
            #expect(Hexadecimal.bytes(wrong.utf8) == nil)
        }
    }
}
