import Glibc

/// Gives a file a second name, or a copy where that cannot be.
public enum FileLinking {
    /// Links large files and copies small ones, which people edit.
    ///
    /// - Parameters:
    ///   - source: a regular file; symbolic links are followed.
    ///   - target: a name that is free.
    ///   - least: bytes from which a file is linked; one on another file system, or of another owner where the system forbids it, is copied.
    /// - Throws: `missing`, `unreadable`, `notRegular`, `changed`; `unwritable`.
    public static func linkOrCopy(
        _ source: String, to target: String, linkingFrom least: Int = 1 << 20
    ) throws(FileError) {
        let file = try RegularFile(source)
        if file.byteCount >= least,
            linkat(AT_FDCWD, source, AT_FDCWD, target, AT_SYMLINK_FOLLOW) == 0
        {
            return
        }
        var copy = try AtomicFile(target)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while offset < file.byteCount {
            let count = min(buffer.count, file.byteCount - offset)
            try buffer.withUnsafeMutableBufferPointer { (buffer) throws(FileError) in
                let part = UnsafeMutableRawBufferPointer(
                    UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                try file.read(into: part, at: offset)
                try copy.append(UnsafeRawBufferPointer(part))
            }
            offset += count
        }
        try file.requireUnchanged()
        try copy.commit()
    }
}
