import System
import TestSupport
import Testing

@Suite("Unfinished writers", .timeLimit(.minutes(10)))
struct TemporaryEntriesTests {
    @Test("A process that leaves in the middle of a file and a directory leaves neither behind")
    func leavesNothing() async throws {
        let folder = try TemporaryDirectory()
        try AtomicFile.write([1], to: folder.path + "/old")
        let path = folder.path
        await #expect(processExitsWith: .exitCode(130)) { [path = path as String] in
            var file = try AtomicFile(path + "/old")
            try file.append([2, 3])
            let directory = try AtomicDirectory(replacing: path + "/model", files: [])
            try AtomicFile.write([4], to: directory.path + "/weights")
            TemporaryEntries.deleteAndExit(130)
        }
        #expect(folder.names() == ["old"])
        #expect(try RegularFile.bytes(path + "/old", limit: 8) == [1])
    }
}
