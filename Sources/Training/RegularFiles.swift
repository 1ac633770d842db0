import Checkpoint
import Glibc
import System

/// The few things that a run does with files beside writing whole ones.
enum RegularFiles {
    /// Whether anything has the name; a link that leads nowhere is not nothing.
    static func exist(_ name: String, in directory: String) -> Bool {
        !RegularFile.isAbsent("\(directory)/\(name)")
    }

    static func delete(_ name: String, in directory: String) { unlink("\(directory)/\(name)") }

    /// Makes a directory, and those above it, unless it is there.
    static func makeDirectory(_ path: String) throws(CheckpointError) {
        var made = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            made +=
                part.isEmpty && made.isEmpty ? "/" : (made.isEmpty || made == "/" ? "" : "/") + part
            guard made != "/", mkdir(made, 0o777) != 0, errno != EEXIST else { continue }
            throw CheckpointError(
                .fileUnwritable, file: made, found: String(cString: strerror(errno)),
                expected: "a directory that can be made")
        }
    }
}
