import Glibc

/// A file that grows beside the one that it will be, and outlives the process that writes it.
///
/// The bytes go to PATH.part, which `commit` renames to PATH; what was at PATH stays until then. Let go of without
/// `commit`, the part stays for the next process. One process at a time has it: it is locked (flock(2)).
public struct PartialFile: ~Copyable {
    /// Where the bytes are until `commit`.
    public let path: String
    /// Whether nothing was there before.
    public let isNew: Bool
    /// Bytes that it has.
    public private(set) var byteCount: Int
    /// What the part's name has behind the file's.
    public static let suffix = ".part"

    private let target: String
    private let parent: Directory
    private let name: Directory.Name
    private let part: Directory.Name
    private let descriptor: Int32

    /// Opens the part, or makes an empty one.
    ///
    /// - Parameters:
    ///   - target: the file to make or to replace in the end.
    ///   - permissions: that the file gets; nil: those of the file that it replaces, or what the process gives new ones.
    /// - Throws: `unwritable`, also where another process has the part; `notRegular`.
    public init(_ target: String, permissions: UInt32? = nil) throws(FileError) {
        guard let entry = EntryPath(target) else { throw FileError(unwritable: target, EISDIR) }
        let parent = try Directory(entry.parent, for: target)
        try AtomicFile.requireReplaceable(entry.name, in: parent, target)
        let part = Directory.Name(entry.name + Self.suffix)
        let path = "\(parent.path)/\(part.text)"
        let isNew = parent.kind(of: part) == nil
        let flags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let descriptor = openat(parent.descriptor, part.bytes, flags, 0o666)
        guard descriptor >= 0 else { throw FileError(unwritable: path, errno) }
        do {
            byteCount = try Self.claim(descriptor, part, in: parent, path)
        } catch {
            close(descriptor)
            throw error
        }
        if let mode = permissions ?? parent.permissions(ofFile: Directory.Name(entry.name)) {
            fchmod(descriptor, mode)
        }
        self.target = target
        self.path = path
        self.isNew = isNew
        self.descriptor = descriptor
        self.part = part
        name = Directory.Name(entry.name)
        self.parent = parent
    }

    /// Locks a part that was opened.
    ///
    /// - Returns: its bytes.
    private static func claim(
        _ descriptor: Int32, _ part: Directory.Name, in parent: borrowing Directory, _ path: String
    ) throws(FileError) -> Int {
        let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        guard isLocked || errno == EWOULDBLOCK else { throw FileError(unwritable: path, errno) }
        var own = stat()
        var named = stat()
        guard fstat(descriptor, &own) == 0, own.st_mode & S_IFMT == S_IFREG else {
            throw FileError(
                .notRegular, path, found: "something that is not a regular file",
                expected: "a regular file, or nothing yet")
        }
        // Whoever had it before may have put it in its place between the opening and the lock.
        guard isLocked, fstatat(parent.descriptor, part.bytes, &named, AT_SYMLINK_NOFOLLOW) == 0,
            own.st_ino == named.st_ino, own.st_dev == named.st_dev
        else {
            throw FileError(
                .unwritable, path, found: "another process at work on it",
                expected: "one process at a time")
        }
        return Int(own.st_size)
    }

    /// The byte at an offset; nil where there is none, or it cannot be read.
    public func byte(at offset: Int) -> UInt8? {
        var byte: UInt8 = 0
        return pread(descriptor, &byte, 1, off_t(offset)) == 1 ? byte : nil
    }

    /// Takes away what is behind some bytes.
    ///
    /// - Throws: `unwritable`.
    public mutating func truncate(to count: Int) throws(FileError) {
        guard ftruncate(descriptor, off_t(count)) == 0 else {
            throw FileError(unwritable: path, errno)
        }
        byteCount = count
    }

    /// Appends bytes, which outlive the process at once and the machine after `flush`.
    ///
    /// - Throws: `unwritable`, with a part of the bytes written.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        let code = FileWriting.write(bytes, to: descriptor)
        guard code == 0 else { throw FileError(unwritable: path, code) }
        byteCount += bytes.count
    }

    /// Appends bytes of an array; throws as the above.
    public mutating func append(_ bytes: [UInt8]) throws(FileError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(FileError) in
            try append(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Deletes the part; nothing may be done with it afterwards.
    public func discard() { parent.delete(part) }

    /// Waits until all bytes are on the disk.
    ///
    /// - Throws: `unwritable`.
    public func flush() throws(FileError) {
        guard fdatasync(descriptor) == 0 else { throw FileError(unwritable: path, errno) }
    }

    /// Puts the file in its place, for good; nothing may be appended afterwards.
    ///
    /// - Throws: `unwritable`; the part is there still, unless only the flushing of the directory failed.
    public func commit() throws(FileError) {
        guard fsync(descriptor) == 0,
            renameat(parent.descriptor, part.bytes, parent.descriptor, name.bytes) == 0
        else { throw FileError(unwritable: target, errno) }
        try parent.flush()
    }

    deinit { close(descriptor) }
}
