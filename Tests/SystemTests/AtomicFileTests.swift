import Glibc
import System
import TestSupport
import Testing

/// Makes files of this process end at `limit` bytes, with an error instead of a signal.
private func limitFiles(to limit: UInt) {
    signal(SIGXFSZ, SIG_IGN)
    var limits = rlimit(rlim_cur: limit, rlim_max: limit)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
}

@Suite(.timeLimit(.minutes(10))) struct AtomicFileTests {
    @Test("A file is made, then replaced, and nothing else is left; permissions stay")
    func replaces() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/exits.json"
        try AtomicFile.write([1, 2, 3], to: path)
        #expect(directory.bytes("exits.json") == [1, 2, 3])
        chmod(path, 0o640)
        try AtomicFile.write([4], to: path)
        #expect(directory.bytes("exits.json") == [4])
        #expect(directory.names() == ["exits.json"])
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
    }

    @Test("Small and large pieces arrive in their order")
    func pieces() throws {
        let directory = try TemporaryDirectory()
        let large = (0..<3 << 19).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let pieces = [[1], large, [2, 3], [], large, [4]]
        var file = try AtomicFile(directory.path + "/x")
        for piece in pieces { try file.append(piece) }
        try file.commit()
        #expect(directory.bytes("x") == pieces.flatMap(\.self))
    }

    @Test("A directory that is not there is named with the system's reason")
    func noDirectory() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/none/x"
        let error = #expect(throws: FileError.self) { try AtomicFile.write([], to: path) }
        #expect(error?.code == .unwritable)
        #expect(error?.path == path)
        #expect(error?.found == "No such file or directory")
    }

    @Test("A file that is let go of before it is whole leaves the old one alone")
    func letGo() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/x"
        try AtomicFile.write([1], to: path)
        do {
            var file = try AtomicFile(path)
            try file.append([2])
        }
        #expect(directory.bytes("x") == [1])
        #expect(directory.names() == ["x"])
    }

    @Test("A symbolic link is replaced, and what it leads to stays as it is")
    func replacesLink() throws {
        let directory = try TemporaryDirectory()
        try directory.write([1], to: "precious")
        try directory.makeLink("x", to: "precious")
        try AtomicFile.write([2], to: directory.path + "/x")
        #expect(directory.bytes("precious") == [1])
        #expect(directory.bytes("x") == [2])
        try directory.makeLink("loop", to: "loop")
        try AtomicFile.write([3], to: directory.path + "/loop")
        #expect(directory.bytes("loop") == [3])
        #expect(directory.names() == ["loop", "precious", "x"])
    }

    @Test("A pipe or a device in the file's place is left alone, also behind a link")
    func specialFiles() throws {
        let directory = try TemporaryDirectory()
        #expect(mkfifo(directory.path + "/pipe", 0o600) == 0)
        try directory.makeLink("to-pipe", to: "pipe")
        try directory.makeLink("null", to: "/dev/null")
        for name in ["pipe", "to-pipe", "null"] {
            let error = #expect(throws: FileError.self) {
                try AtomicFile.write([2], to: "\(directory.path)/\(name)")
            }
            #expect(error?.code == .notRegular)
        }
        #expect(directory.names().sorted() == ["null", "pipe", "to-pipe"])
        var entry = stat()
        #expect(stat(directory.path + "/to-pipe", &entry) == 0)
        #expect(entry.st_mode & S_IFMT == S_IFIFO)
    }

    @Test("A directory in the file's place is left alone")
    func directoryInTheWay() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("x")
        try directory.write([1], to: "x/y")
        for path in ["/x", "/x/", "/", "/.", "/x/.."] {
            let error = #expect(throws: FileError.self) {
                try AtomicFile.write([2], to: directory.path + path)
            }
            #expect(error?.code == .unwritable)
        }
        #expect(directory.names() == ["x"])
        #expect(directory.bytes("x/y") == [1])
    }

    @Test("A disk that is full leaves the old file and no temporary one")
    func fullDisk() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/x"
            try AtomicFile.write([1], to: path)
            limitFiles(to: 4096)
            // Below and above the size of the buffer: both ways to the system.
            for count in [5000, 3 << 20] {
                let error = #expect(throws: FileError.self) {
                    try AtomicFile.write([UInt8](repeating: 2, count: count), to: path)
                }
                #expect(error?.code == .unwritable)
                #expect(error?.found == String(cString: strerror(EFBIG)))
                #expect(directory.bytes("x") == [1])
                #expect(directory.names() == ["x"])
            }
        }
    }
}
