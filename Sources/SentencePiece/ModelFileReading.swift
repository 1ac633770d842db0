#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension SentencePieceProcessor {
    /// The bytes of the regular file at `path`, at most `modelByteLimit` of them.
    static func readFile(_ path: String) throws(SentencePieceError) -> [UInt8] {
        // Non-blocking, or opening a pipe would wait for its other end.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadableFile(path: path, errorNumber: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .unreadableFile(path: path, errorNumber: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(path: path) }
        guard status.st_size <= modelByteLimit else {
            throw .modelTooLarge(byteLimit: modelByteLimit)
        }
        return try readAll(descriptor, path: path, size: Int(status.st_size))
    }

    private static func readAll(
        _ descriptor: Int32, path: String, size: Int
    ) throws(SentencePieceError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = read(descriptor, buffer.baseAddress?.advanced(by: count), size - count)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                guard got > 0 else { break }
                count += got
            }
        }
        guard failure == 0 else { throw .unreadableFile(path: path, errorNumber: failure) }
        return bytes
    }
}
