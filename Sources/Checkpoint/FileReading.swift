import Glibc

/// A file that is open for reading and known to be a regular one.
///
/// Opened without blocking, so that a pipe put in a file's place cannot hold up the load.
struct RegularFile: ~Copyable {
    let name: String
    let byteCount: Int
    let descriptor: Int32

    /// Opens `name` in a directory.
    init(named name: String, in directory: String) throws(CheckpointError) {
        let opened = open("\(directory)/\(name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard opened >= 0 else {
            throw errno == ENOENT
                ? CheckpointError(
                    .fileMissing, file: name, found: "no such file", expected: "a readable file")
                : Self.unreadable(name)
        }
        var status = stat()
        guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(opened)
            throw CheckpointError(
                .fileUnreadable, file: name, found: "something that is not a regular file",
                expected: "a regular file")
        }
        self.name = name
        self.byteCount = Int(status.st_size)
        self.descriptor = opened
    }

    deinit {
        close(descriptor)
    }

    /// Reads the whole file, which may shrink meanwhile but not grow beyond the limit.
    func bytes(limit: Int) throws(CheckpointError) -> [UInt8] {
        guard byteCount <= limit else {
            throw CheckpointError(
                .fileTooLarge, file: name, found: "\(byteCount) bytes",
                expected: "at most \(limit) bytes")
        }
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            while count < byteCount {
                let got = read(
                    descriptor, buffer.baseAddress.map { $0 + count }, byteCount - count)
                if got < 0, errno == EINTR { continue }
                failed = got < 0
                if got <= 0 { return }
                count += got
            }
        }
        guard !failed else { throw Self.unreadable(name) }
        return bytes
    }

    /// Whether a file of this name can be seen in the directory.
    static func exists(_ name: String, in directory: String) -> Bool {
        access("\(directory)/\(name)", F_OK) == 0
    }

    static func unreadable(_ name: String) -> CheckpointError {
        CheckpointError(
            .fileUnreadable, file: name, found: String(cString: strerror(errno)),
            expected: "a readable file")
    }
}

/// A file mapped into memory read-only, unmapped when the last owner lets go of it.
///
/// Sendable without a lock because nothing ever writes through the mapping. The size is checked
/// when it is mapped; whoever truncates the file in place afterwards takes the process with it
/// (SIGBUS), so new weights are moved into place, never written over old ones.
final class MappedFile: @unchecked Sendable {
    let byteCount: Int
    private let base: UnsafeMutableRawPointer?

    init(_ file: borrowing RegularFile) throws(CheckpointError) {
        byteCount = file.byteCount
        // A mapping of no bytes is an error of mmap, not of the file.
        guard byteCount > 0 else {
            base = nil
            return
        }
        guard let mapped = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, file.descriptor, 0),
            mapped != MAP_FAILED
        else { throw RegularFile.unreadable(file.name) }
        base = mapped
    }

    deinit {
        if let base { munmap(base, byteCount) }
    }

    /// Lends the bytes of a range, which has to lie within the file.
    func withBytes<Result>(
        _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        guard let base else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return body(UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    /// Says that a range will hardly be read again: its pages leave this process's memory, and would
    /// be read from the file.
    func release(_ range: Range<Int>) {
        let page = Int(getpagesize())
        let start = (range.lowerBound + page - 1) / page * page
        let end = range.upperBound == byteCount ? byteCount : range.upperBound / page * page
        guard let base, start < end else { return }
        madvise(base + start, end - start, MADV_DONTNEED)
    }
}
