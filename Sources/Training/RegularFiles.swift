import Checkpoint
import Glibc

/// The few things that a run does with files beside writing whole ones.
enum RegularFiles {
    static func exist(_ name: String, in directory: String) -> Bool {
        access("\(directory)/\(name)", F_OK) == 0
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

    /// Appends bytes to a file.
    static func append(_ bytes: [UInt8], to path: String) throws(CheckpointError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        var rest = bytes[...]
        while descriptor >= 0, !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        let code = errno
        if descriptor >= 0 { close(descriptor) }
        guard descriptor >= 0, rest.isEmpty else {
            throw CheckpointError(
                .fileUnwritable, file: path, found: String(cString: strerror(code)),
                expected: "a file that can be written")
        }
    }

    /// The bytes of a file, empty where there is none.
    static func bytes(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }
}
