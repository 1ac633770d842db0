import Glibc

/// A directory of its own for one test, removed with all files in it when the test lets go of it.
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

    /// Removes a file; that it is not there is fine.
    public func remove(_ name: String) {
        unlink("\(path)/\(name)")
    }

    deinit {
        if let stream = opendir(path) {
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                remove(name)
            }
            closedir(stream)
        }
        rmdir(path)
    }
}
