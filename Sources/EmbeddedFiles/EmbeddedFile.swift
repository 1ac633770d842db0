import CEmbeddedFiles

/// The files of the source tree that are a part of the binary: rules and tables as data, and what the server shows.
public enum EmbeddedFile {
    /// A copy of a file.
    ///
    /// - Parameter path: where it lies below `Sources`. A path that Sources/CEmbeddedFiles/files.c does not
    ///   list is a programmer's error, and ends the process.
    /// - Returns: the bytes of the file.
    public static func bytes(_ path: String) -> [UInt8] {
        Array(mapped(path))
    }

    /// The same as UTF-8.
    public static func text(_ path: String) -> String {
        String(decoding: mapped(path), as: UTF8.self)
    }

    /// The file in place: nothing is copied, and it lasts as long as the process.
    public static func mapped(_ path: String) -> UnsafeBufferPointer<UInt8> {
        let file = shoal_file(path)
        precondition(file.bytes != nil, "\(path) is no part of the binary")
        return UnsafeBufferPointer(start: file.bytes, count: file.size)
    }
}
