import Glibc

/// Lists folders.
public enum FolderListing {
    /// The names of a folder's regular files, links to such included, in the order of their bytes.
    ///
    /// - Throws: `missing`, `unreadable`.
    public static func fileNames(_ path: String) throws(FileError) -> [String] {
        try names(path) { $0 & S_IFMT == S_IFREG }
    }

    /// The names of a folder's folders, links to such included, in the order of their bytes.
    ///
    /// - Throws: `missing`, `unreadable`.
    public static func folderNames(_ path: String) throws(FileError) -> [String] {
        try names(path) { $0 & S_IFMT == S_IFDIR }
    }

    private static func names(
        _ path: String, where fits: (mode_t) -> Bool
    ) throws(FileError) -> [String] {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(unreadable: path, errno) }
        guard let stream = fdopendir(descriptor) else {
            let reason = errno
            close(descriptor)
            throw FileError(unreadable: path, reason)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var status = stat()
            if name != ".", name != "..", fstatat(dirfd(stream), name, &status, 0) == 0,
                fits(status.st_mode)
            {
                names.append(name)
            }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
