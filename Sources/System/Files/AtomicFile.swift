import Glibc

/// Puts a whole file in another's place, or leaves what was there.
///
/// The bytes go to a temporary file in the same directory, which is flushed to the disk and renamed
/// over the target by `commit`. Whoever reads meanwhile sees the old file or the new one. A symbolic link
/// is replaced, not followed; permissions of an old file are kept. What is no file, such as /dev/null or a
/// pipe, is never replaced, nor is a link to it. Let go of without `commit`, the temporary file is gone and the
/// old one as it was.
public struct AtomicFile: ~Copyable {
    private let path: String
    private let parent: Directory
    private let name: String
    private let temporary: Directory.Name
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var isInPlace = false

    private static let bufferSize = 1 << 20

    /// Begins a file.
    ///
    /// - Parameter path: the file to make or to replace.
    /// - Throws: `unwritable` with the path and the system's reason; `notRegular`.
    public init(_ path: String) throws(FileError) {
        guard let entry = EntryPath(path) else { throw FileError(unwritable: path, EISDIR) }
        let parent = try Directory(entry.parent, for: path)
        try Self.requireReplaceable(entry.name, in: parent, path)
        let temporary = Directory.Name(entry.temporaryName)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let directory = parent.descriptor
        let descriptor = TemporaryEntries.make("\(parent.path)/\(temporary.text)") {
            openat(directory, temporary.bytes, flags, 0o666)
        }
        guard descriptor >= 0 else { throw FileError(unwritable: path, errno) }
        if let mode = parent.permissions(ofFile: Directory.Name(entry.name)) {
            fchmod(descriptor, mode)
        }
        self.path = path
        self.descriptor = descriptor
        self.temporary = temporary
        name = entry.name
        self.parent = parent
    }

    /// Refuses what would be lost and is no file: devices, pipes and sockets, also behind a link.
    ///
    /// A directory is refused by the system when the file is put in its place.
    static func requireReplaceable(
        _ name: String, in parent: borrowing Directory, _ path: String
    ) throws(FileError) {
        var old = stat()
        guard fstatat(parent.descriptor, name, &old, 0) == 0,
            ![S_IFREG, S_IFDIR].contains(old.st_mode & S_IFMT)
        else { return }
        throw FileError(
            .notRegular, path, found: "something that is not a regular file",
            expected: "a regular file, or nothing yet")
    }

    /// Writes bytes that are in memory, whole.
    ///
    /// - Parameters:
    ///   - bytes: the whole content.
    ///   - path: the file to make or to replace.
    /// - Throws: `unwritable` with the path and the system's reason; the old file is as it was then.
    public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        var file = try AtomicFile(path)
        try file.append(bytes)
        try file.commit()
    }

    /// Appends bytes; small pieces are gathered, large ones go to the system as they are.
    ///
    /// - Parameter bytes: what comes next; not kept.
    /// - Throws: `unwritable`.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        if bytes.count < Self.bufferSize {
            buffer.append(contentsOf: bytes)
        } else {
            try writeThrough(bytes)
        }
    }

    /// Appends bytes of an array; throws as the above.
    public mutating func append(_ bytes: [UInt8]) throws(FileError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(FileError) in
            try append(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Puts the file in its place, for good; nothing may be appended afterwards.
    ///
    /// - Throws: `unwritable`; the old file is as it was then. Only where flushing the directory fails,
    ///   which comes last, is the new file in place already.
    public mutating func commit() throws(FileError) {
        try flush()
        guard fsync(descriptor) == 0,
            renameat(parent.descriptor, temporary.bytes, parent.descriptor, name) == 0
        else { throw FileError(unwritable: path, errno) }
        isInPlace = true
        try parent.flush()
    }

    private mutating func flush() throws(FileError) {
        try buffer.withUnsafeBufferPointer { (bytes) throws(FileError) in
            try writeThrough(UnsafeRawBufferPointer(bytes))
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private func writeThrough(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        let code = FileWriting.write(bytes, to: descriptor)
        guard code == 0 else { throw FileError(unwritable: path, code) }
    }

    deinit {
        close(descriptor)
        if !isInPlace { parent.delete(temporary) }
        TemporaryEntries.ended("\(parent.path)/\(temporary.text)")
    }
}
