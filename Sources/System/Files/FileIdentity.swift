import Glibc

/// Which file something is and when and to what size it was written: what changes with the content of a file, short of what a writer
/// does to hide it.
///
/// A file that is renamed into place, one that is written to, and one whose permissions change all have another identity. On some
/// file systems the device's number is another one after each mount.
public struct FileIdentity: Sendable, Equatable {
    /// Device, inode, size in bytes, then seconds and nanoseconds of the last change of the content and of the file's state.
    public let numbers: [Int]

    /// The number of `numbers`.
    public static let count = 7

    /// Takes numbers that were written down.
    ///
    /// - Parameter numbers: as `numbers`; nil where they are not so many.
    public init?(numbers: [Int]) {
        guard numbers.count == Self.count else { return nil }
        self.numbers = numbers
    }

    /// That of what a path leads to, links followed; nil where there is no such file, or it cannot be seen.
    public init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        numbers = [
            Int(bitPattern: UInt(status.st_dev)), Int(bitPattern: UInt(status.st_ino)),
            Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
            status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
        ]
    }

    /// Whether the content was last written so long ago that another writing would have given another time: clocks of file systems
    /// have steps, of two seconds at most.
    public var isAtRest: Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return numbers[3] < now.tv_sec - 2
    }
}
