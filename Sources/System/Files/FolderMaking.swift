import Glibc

/// Makes directories.
public enum FolderMaking {
    /// Makes a directory, and those above it, unless it is there.
    ///
    /// - Parameter path: absolute or relative.
    /// - Throws: `unwritable` with the first directory that cannot be made, and the system's reason.
    public static func make(_ path: String) throws(FileError) {
        var made = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            made +=
                part.isEmpty && made.isEmpty ? "/" : (made.isEmpty || made == "/" ? "" : "/") + part
            guard made != "/", mkdir(made, 0o777) != 0, errno != EEXIST else { continue }
            throw FileError(unwritable: made, errno, expected: "a directory that can be made")
        }
    }
}
