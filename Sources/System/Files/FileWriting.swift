import Glibc

/// Writing to files that are there.
public enum FileWriting {
    /// Writes all bytes to a descriptor that blocks.
    ///
    /// - Parameters:
    ///   - bytes: what is written.
    ///   - descriptor: of a file, a pipe or a terminal.
    /// - Returns: 0, or the system's error number with a part of the bytes written.
    public static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.write(descriptor, part.baseAddress, part.count)
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 {
                return EIO
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }

    /// Appends bytes to a regular file, which is made where there is none.
    ///
    /// - Parameters:
    ///   - bytes: what is appended.
    ///   - path: absolute or relative; symbolic links are followed.
    /// - Throws: `unwritable`, with a part of the bytes written; `notRegular`.
    public static func append(_ bytes: [UInt8], to path: String) throws(FileError) {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let descriptor = open(path, flags, 0o666)
        guard descriptor >= 0 else { throw FileError(unwritable: path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(
                .notRegular, path, found: "something that is not a regular file",
                expected: "a regular file")
        }
        let code = bytes.withUnsafeBytes { write($0, to: descriptor) }
        guard code == 0 else { throw FileError(unwritable: path, code) }
    }
}
