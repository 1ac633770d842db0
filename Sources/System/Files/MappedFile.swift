import Glibc

/// A file in memory, to be read: its pages are the system's cache of it, which all processes share that map it.
///
/// For files that are never written to but replaced as a whole, by `PartialFile` for example: one that is cut off while it is mapped
/// ends the process (SIGBUS). Only files are taken to which nobody can write who could not end the process anyway.
///
/// Unchecked: the bytes are only read.
public final class MappedFile: @unchecked Sendable {
    /// All bytes of the file, at a page's boundary; valid as long as somebody keeps the object, who has it in a property for example.
    ///
    /// A local variable keeps it until its last use, which may be this one: there `withBytes` is right.
    public let bytes: UnsafeRawBufferPointer

    /// Lends the bytes, which stay mapped meanwhile.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }

    /// Maps a file.
    ///
    /// - Parameters:
    ///   - path: of the file, which may not be a symbolic link.
    ///   - owners: users beside this process's and root to whom it may belong.
    ///   - isRead: whether all of it is read now, in one go; else each page when it is asked for.
    /// - Throws: `missing`, `unreadable`, `notRegular`; `untrusted` where it belongs to somebody else, or where its group or
    ///   others may write to it.
    public init(_ path: String, owners: Set<UInt32> = [], isRead: Bool = true) throws(FileError) {
        let (descriptor, count) = try Self.open(path, owners)
        defer { close(descriptor) }
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let start = mmap(
            nil, count, PROT_READ, MAP_SHARED | (isRead ? MAP_POPULATE : 0), descriptor, 0)
        guard let start, start != MAP_FAILED else { throw FileError(unreadable: path, errno) }
        // Refused where files have no huge pages, which changes nothing but the speed.
        _ = madvise(start, count, MADV_HUGEPAGE)
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    private static func open(
        _ path: String, _ owners: Set<UInt32>
    ) throws(FileError) -> (descriptor: Int32, count: Int) {
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        let descriptor = Glibc.open(path, flags)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw FileError(unreadable: path, errno) }
            throw FileError(
                .missing, path, found: "no such file", expected: "a file that can be read")
        }
        var status = stat()
        var fault: FileError?
        if fstat(descriptor, &status) != 0 || status.st_mode & S_IFMT != S_IFREG {
            fault = FileError(
                .notRegular, path, found: "something that is not a regular file",
                expected: "a regular file")
        } else if ![0, geteuid()].contains(status.st_uid), !owners.contains(status.st_uid) {
            fault = FileError(
                .untrusted, path, found: "a file of the user \(status.st_uid)",
                expected: "one of root or of this process's user")
        } else if status.st_mode & 0o022 != 0 {
            fault = FileError(
                .untrusted, path, found: "a file that others may write to",
                expected: "one that its owner alone may write to")
        }
        guard let fault else { return (descriptor, Int(status.st_size)) }
        close(descriptor)
        throw fault
    }

    deinit {
        guard let start = bytes.baseAddress else { return }
        munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
}
