import Glibc

/// Puts a whole file in another's place, or leaves what was there.
///
/// The bytes go to a temporary file in the same directory, which is flushed to the disk and renamed
/// over the target. Whoever reads meanwhile sees the old file or the new one. A symbolic link is
/// replaced, not followed; permissions of an old file are kept.
public enum AtomicFile {
    /// Writes bytes that are in memory.
    ///
    /// - Parameters:
    ///   - bytes: the whole content.
    ///   - path: the file to make or to replace.
    /// - Throws: `fileUnwritable` with the path and the system's reason.
    public static func write(_ bytes: [UInt8], to path: String) throws(CheckpointError) {
        try write(to: path) { (output: inout Output) throws(CheckpointError) in
            try output.append(bytes)
        }
    }

    /// Writes what `body` appends, a buffer at a time.
    ///
    /// - Parameters:
    ///   - path: the file to make or to replace.
    ///   - body: appends the content from its start to its end.
    /// - Throws: what `body` throws, and `fileUnwritable` with the path and the system's reason; the
    ///   temporary file is gone then and the old file as it was. Only where flushing the directory
    ///   fails, which comes last, is the new file in place already.
    public static func write(
        to path: String, _ body: (inout Output) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        var output = try Output(path: path)
        try body(&output)
        try output.commit()
    }

    /// The file being written.
    public struct Output: ~Copyable {
        private let path: String
        private let temporary: String
        private let descriptor: Int32
        private var buffer: [UInt8] = []
        private var isInPlace = false

        private static let bufferSize = 1 << 20

        fileprivate init(path: String) throws(CheckpointError) {
            // Random, so that writers beside each other do not meet and a leftover is in nobody's way.
            let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
            let temporary = "\(path).\(random).tmp"
            let opened = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            guard opened >= 0 else { throw Self.refused(path) }
            var old = stat()
            if stat(path, &old) == 0 { fchmod(opened, old.st_mode & 0o777) }
            self.path = path
            self.temporary = temporary
            descriptor = opened
        }

        /// Appends bytes; small pieces are gathered, large ones go to the system as they are.
        ///
        /// - Parameter bytes: what comes next; not kept.
        /// - Throws: `fileUnwritable`.
        public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
            if buffer.count + bytes.count > Self.bufferSize { try flush() }
            if bytes.count < Self.bufferSize {
                buffer.append(contentsOf: bytes)
            } else {
                try writeThrough(bytes)
            }
        }

        /// Appends bytes of an array; throws as the above.
        public mutating func append(_ bytes: [UInt8]) throws(CheckpointError) {
            try bytes.withUnsafeBufferPointer { (bytes) throws(CheckpointError) in
                try append(UnsafeRawBufferPointer(bytes))
            }
        }

        private mutating func flush() throws(CheckpointError) {
            try buffer.withUnsafeBufferPointer { (bytes) throws(CheckpointError) in
                try writeThrough(UnsafeRawBufferPointer(bytes))
            }
            buffer.removeAll(keepingCapacity: true)
        }

        private func writeThrough(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if count == 0 || errno != EINTR {
                    throw Self.refused(path)
                }
            }
        }

        fileprivate mutating func commit() throws(CheckpointError) {
            try flush()
            guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
                throw Self.refused(path)
            }
            isInPlace = true
            try Self.flushDirectory(of: path)
        }

        /// Makes the rename last; a file system that cannot flush a directory is let off.
        private static func flushDirectory(of path: String) throws(CheckpointError) {
            let slash = path.lastIndex(of: "/")
            let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
            let directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard directory >= 0 else { throw refused(path) }
            let isFlushed = fsync(directory) == 0 || errno == EINVAL
            let fault = refused(path)
            close(directory)
            guard isFlushed else { throw fault }
        }

        private static func refused(_ path: String) -> CheckpointError {
            CheckpointError(
                .fileUnwritable, file: path, found: String(cString: strerror(errno)),
                expected: "a file that can be written")
        }

        deinit {
            close(descriptor)
            if !isInPlace { unlink(temporary) }
        }
    }
}
