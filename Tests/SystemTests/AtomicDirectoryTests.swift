import Glibc
import System
import TestSupport
import Testing

/// Puts a directory with the files `a` and `b` at a path.
private func replace(_ path: String, owned: Set<String> = ["a", "b", "c"]) throws(FileError) {
    var directory = try AtomicDirectory(replacing: path, files: owned)
    try AtomicFile.write([2], to: directory.path + "/a")
    try AtomicFile.write([3], to: directory.path + "/b")
    try directory.commit()
}

@Suite(.timeLimit(.minutes(10))) struct AtomicDirectoryTests {
    @Test(
        "A directory is made, then replaced, and nothing else is left", arguments: ["", "/", "//"])
    func replaces(ending: String) throws {
        let parent = try TemporaryDirectory()
        try replace(parent.path + "/model" + ending)
        #expect(parent.names(in: "model") == ["a", "b"])
        try parent.write([9], to: "model/a")
        try parent.write([9], to: "model/c")
        try replace(parent.path + "/model" + ending)
        #expect(parent.names(in: "model") == ["a", "b"])
        #expect(parent.bytes("model/a") == [2])
        #expect(parent.names() == ["model"])
    }

    @Test(
        "A symbolic link in the directory's place is replaced, and what it leads to stays as it is")
    func linkAsTarget() throws {
        let parent = try TemporaryDirectory()
        try parent.makeDirectory("precious")
        for name in ["a", "letter", "c"] { try parent.write([1], to: "precious/" + name) }
        try parent.makeLink("model", to: "precious")
        try replace(parent.path + "/model")
        #expect(parent.names(in: "precious") == ["a", "c", "letter"])
        #expect(parent.bytes("precious/a") == [1])
        #expect(parent.names(in: "model") == ["a", "b"])
        #expect(parent.names() == ["model", "precious"])
    }

    @Test("A link that leads to itself, or to nothing, is replaced", arguments: ["model", "none"])
    func linkLoop(target: String) throws {
        let parent = try TemporaryDirectory()
        try parent.makeLink("model", to: target)
        try replace(parent.path + "/model")
        #expect(parent.names(in: "model") == ["a", "b"])
        #expect(parent.names() == ["model"])
    }

    @Test("Links inside the old directory are deleted, or kept, without being followed")
    func linksInside() throws {
        let parent = try TemporaryDirectory()
        try parent.makeDirectory("precious")
        try parent.write([1], to: "precious/letter")
        try parent.makeDirectory("model")
        try parent.makeLink("model/a", to: "../precious/letter")
        try parent.makeLink("model/c", to: "../precious")
        try parent.makeLink("model/mine", to: "../precious")
        try replace(parent.path + "/model")
        #expect(parent.bytes("precious/letter") == [1])
        #expect(parent.names(in: "model") == ["a", "b", "mine"])
        #expect(parent.bytes("model/mine/letter") == [1])
        #expect(parent.bytes("model/a") == [2])
        #expect(parent.names() == ["model", "precious"])
    }

    @Test("Files and directories that are not the writer's stay in the directory")
    func foreignEntries() throws {
        let parent = try TemporaryDirectory()
        try parent.makeDirectory("model")
        try parent.makeDirectory("model/sub")
        for name in ["a", "sub/a", "sub/letter", "notes", ".hidden"] {
            try parent.write([1], to: "model/" + name)
        }
        try parent.makePipe("model/pipe")
        try replace(parent.path + "/model")
        #expect(parent.names(in: "model") == [".hidden", "a", "b", "notes", "pipe", "sub"])
        #expect(parent.names(in: "model/sub") == ["a", "letter"])
        #expect(parent.bytes("model/sub/a") == [1])
        #expect(parent.bytes("model/notes") == [1])
        #expect(parent.bytes("model/a") == [2])
        #expect(parent.names() == ["model"])
    }

    @Test(
        "A file in the directory's place, and a directory in a file's, are refused and left alone")
    func inTheWay() throws {
        let parent = try TemporaryDirectory()
        try parent.write([1], to: "model")
        var error = #expect(throws: FileError.self) { try replace(parent.path + "/model") }
        #expect(error?.code == .unwritable)
        #expect(error?.path == parent.path + "/model")
        #expect(parent.bytes("model") == [1])
        try parent.makeDirectory("other")
        try parent.makeDirectory("other/c")
        try parent.write([1], to: "other/c/letter")
        error = #expect(throws: FileError.self) { try replace(parent.path + "/other") }
        #expect(error?.path == parent.path + "/other/c")
        #expect(parent.bytes("other/c/letter") == [1])
        #expect(parent.names() == ["model", "other"])
        for path in ["", "/", ".", parent.path + "/..", parent.path + "/none/model"] {
            #expect(throws: FileError.self) { try replace(path) }
        }
    }

    @Test("A directory that is let go of before it is whole leaves the old one alone")
    func letGo() throws {
        let parent = try TemporaryDirectory()
        try replace(parent.path + "/model")
        do {
            let directory = try AtomicDirectory(replacing: parent.path + "/model", files: ["a"])
            try AtomicFile.write([9], to: directory.path + "/a")
            #expect(parent.names().count == 2)
        }
        #expect(parent.names() == ["model"])
        #expect(parent.bytes("model/a") == [2])
    }

    @Test("What came to the temporary directory from elsewhere is not deleted with its contents")
    func foreignInTemporary() throws {
        let parent = try TemporaryDirectory()
        try parent.makeDirectory("precious")
        try parent.write([1], to: "precious/letter")
        var temporary = ""
        do {
            let directory = try AtomicDirectory(replacing: parent.path + "/model", files: [])
            temporary = directory.path
            symlink(parent.path + "/precious", temporary + "/link")
            mkdir(temporary + "/sub", 0o700)
            try AtomicFile.write([1], to: temporary + "/sub/letter")
        }
        let name = String(temporary.dropFirst(parent.path.count + 1))
        #expect(parent.names(in: name) == ["sub"])
        #expect(parent.bytes("precious/letter") == [1])
    }
}
