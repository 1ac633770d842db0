import Glibc

/// A file that is open for reading and known to be a regular one: the one reader of outside files.
///
/// It is opened without blocking and looked at before a byte is read, so that a pipe or a device in a
/// file's place is an error and never waited for. Bytes are copied, not mapped (`MappedFile`): a file that is cut
/// off meanwhile is an error, too, where a mapping would end the process (SIGBUS).
public struct RegularFile: ~Copyable, Sendable {
    /// The path, as it was given.
    public let path: String
    /// Its size in bytes when it was opened; 0 for files that the kernel makes while they are read.
    public let byteCount: Int
    private let descriptor: Int32
    private let stamp: Stamp

    /// What changes when somebody writes to a file, and does not when it is renamed or deleted.
    private struct Stamp: Equatable {
        let byteCount: Int
        let seconds: Int
        let nanoseconds: Int

        init(_ status: stat) {
            byteCount = Int(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    private static let chunkSize = 1 << 18

    /// Opens a file; symbolic links are followed.
    ///
    /// - Parameter path: absolute or relative.
    /// - Throws: `missing`, `unreadable`, `notRegular`.
    public init(_ path: String) throws(FileError) {
        let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard opened >= 0 else {
            guard errno == ENOENT else { throw FileError(unreadable: path, errno) }
            let isLink = !Self.isAbsent(path)
            throw FileError(
                .missing, path,
                found: isLink ? "a symbolic link that leads to no file" : "no such file",
                expected: "a readable file")
        }
        var status = stat()
        guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(opened)
            throw FileError(
                .notRegular, path, found: "something that is not a regular file",
                expected: "a regular file")
        }
        self.path = path
        descriptor = opened
        stamp = Stamp(status)
        byteCount = stamp.byteCount
    }

    deinit {
        close(descriptor)
    }

    /// Whether nothing at all has this name: a link that leads nowhere and a file that cannot be seen
    /// into are not absent.
    public static func isAbsent(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR)
    }

    /// Deletes a file, or the link that has its name; does nothing where it cannot.
    public static func delete(_ path: String) { unlink(path) }

    /// Reads a whole file.
    ///
    /// - Parameters:
    ///   - path: absolute or relative.
    ///   - limit: the most bytes that a file of this kind has.
    /// - Returns: its bytes.
    /// - Throws: as the initialiser and `bytes(limit:)`.
    public static func bytes(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        try RegularFile(path).bytes(limit: limit)
    }

    /// Reads the whole file, in memory of its size and one buffer.
    ///
    /// - Parameter limit: the most bytes that a file of this kind has.
    /// - Returns: its bytes.
    /// - Throws: `tooLarge`, before anything is read where the size says so; `changed` where the file
    ///   has fewer bytes than when it was opened; `unreadable`.
    public borrowing func bytes(limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(byteCount, limit))
        try forEachChunk(limit: limit) { bytes += $0 }
        return bytes
    }

    /// Lends the whole file, piece after piece, in memory of one buffer.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that are read.
    ///   - body: takes the next bytes, at least one; they are not kept.
    /// - Throws: as `bytes(limit:)`.
    public borrowing func forEachChunk(
        limit: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(FileError) {
        guard byteCount <= limit else { throw tooLarge(byteCount, limit) }
        var chunk = [UInt8](repeating: 0, count: min(max(byteCount, 1 << 12), Self.chunkSize))
        var offset = 0
        while true {
            let got = chunk.withUnsafeMutableBytes { Self.read(descriptor, $0, at: offset) }
            guard got >= 0 else { throw FileError(unreadable: path, errno) }
            if got == 0 { break }
            offset += got
            guard offset <= limit else { throw tooLarge(offset, limit) }
            chunk.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<got])) }
        }
        guard offset >= byteCount else { throw changed(at: offset) }
    }

    /// Fills a buffer with the bytes from an offset on.
    ///
    /// - Parameters:
    ///   - buffer: filled to its end.
    ///   - offset: of the first byte, at least 0.
    /// - Throws: `changed` where the file ends before the buffer does; `unreadable`.
    public borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(FileError) {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let got = Self.read(descriptor, rest, at: offset + filled)
            guard got >= 0 else { throw FileError(unreadable: path, errno) }
            guard got > 0 else { throw changed(at: offset + filled) }
            filled += got
        }
    }

    /// Which file it is, and when it was last written; nil where the system does not say.
    public borrowing func identity() -> FileIdentity? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? FileIdentity(status) : nil
    }

    /// The user to whom the file belongs; nil where the system does not say.
    public borrowing func owner() -> UInt32? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status.st_uid : nil
    }

    /// Makes sure that nobody has written to the file since it was opened.
    ///
    /// - Throws: `changed`.
    public borrowing func requireUnchanged() throws(FileError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, Stamp(status) == stamp else {
            throw FileError(
                .changed, path, found: "a file that was written to while it was read",
                expected: Self.wholeFile)
        }
    }

    private static let wholeFile = "a file that stays as it is; new ones are renamed into its place"

    private borrowing func changed(at end: Int) -> FileError {
        FileError(
            .changed, path, found: "an end after \(end) of \(byteCount) bytes",
            expected: Self.wholeFile)
    }

    private borrowing func tooLarge(_ count: Int, _ limit: Int) -> FileError {
        FileError(
            .tooLarge, path, found: "\(count) bytes", expected: "at most \(limit) bytes")
    }

    private static func read(
        _ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) -> Int {
        while true {
            let got = pread(descriptor, buffer.baseAddress, buffer.count, offset)
            if got >= 0 || errno != EINTR { return got }
        }
    }
}
