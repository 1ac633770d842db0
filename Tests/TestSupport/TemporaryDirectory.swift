import Glibc

/// A directory of its own for one test, removed with all that is in it when the test lets go of it.
public final class TemporaryDirectory: Sendable {
    /// What went wrong while making a directory or a file.
    public struct Failure: Error {
        /// The path.
        public let path: String
        /// errno.
        public let code: Int32
    }

    /// Its absolute path.
    public let path: String

    /// Makes a directory under TMPDIR, or under /tmp.
    public init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let template = "\(parent)/shoal-test-XXXXXX"
        var bytes = template.utf8CString.map(\.self)
        guard mkdtemp(&bytes) != nil else { throw Failure(path: template, code: errno) }
        path = String(decoding: bytes.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Writes a file, whole, over one of the same name.
    public func write(_ bytes: [UInt8], to name: String) throws {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(path: file, code: errno) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { throw Failure(path: file, code: errno) }
            written += count
        }
    }

    /// Makes a named pipe, which a loader must not wait for.
    public func makePipe(_ name: String) throws {
        let file = "\(path)/\(name)"
        guard mkfifo(file, 0o600) == 0 else { throw Failure(path: file, code: errno) }
    }

    /// Makes a symbolic link.
    ///
    /// - Parameters:
    ///   - name: of the link.
    ///   - target: what it leads to; need not be there.
    /// - Throws: `Failure`.
    public func makeLink(_ name: String, to target: String) throws {
        let file = "\(path)/\(name)"
        guard symlink(target, file) == 0 else { throw Failure(path: file, code: errno) }
    }

    /// Makes a directory.
    public func makeDirectory(_ name: String) throws {
        let file = "\(path)/\(name)"
        guard mkdir(file, 0o700) == 0 else { throw Failure(path: file, code: errno) }
    }

    /// The names in a directory inside, in this one unless told, sorted.
    public func names(in name: String = ".") -> [String] { Self.names("\(path)/\(name)") }

    /// The bytes of a file; none where there is no file.
    public func bytes(_ name: String) -> [UInt8] {
        guard let file = fopen("\(path)/\(name)", "re") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    /// Removes a file; that it is not there is fine.
    public func remove(_ name: String) {
        unlink("\(path)/\(name)")
    }

    deinit { Self.remove(path) }

    private static func names(_ path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }

    /// Removes a directory with all that is in it, links themselves and not what they lead to.
    private static func remove(_ path: String) {
        for name in names(path) {
            var status = stat()
            let entry = "\(path)/\(name)"
            guard lstat(entry, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { remove(entry) } else { unlink(entry) }
        }
        rmdir(path)
    }
}
