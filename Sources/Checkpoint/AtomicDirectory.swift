import CSystem
import Glibc

/// Puts a whole directory in another's place, or leaves what was there.
public enum AtomicDirectory {
    /// Fills a new directory and makes it the one at `path`.
    ///
    /// The files are written to a temporary directory beside it, which then changes places with the old
    /// one in one step; whoever opens the path sees the old directory or the new one, both complete.
    ///
    /// - Parameters:
    ///   - path: the directory to make or to replace; the old one is deleted with its plain files.
    ///   - fill: writes files into the directory that it is given.
    /// - Throws: what `fill` throws, and `fileUnwritable` with the path and the system's reason; the
    ///   temporary directory is gone then and the old one as it was.
    public static func replace(
        _ path: String, _ fill: (_ directory: String) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        let temporary = "\(path).\(String(UInt64.random(in: 0...UInt64.max), radix: 36)).tmp"
        guard mkdir(temporary, 0o777) == 0 else { throw refused(path, errno) }
        do {
            try fill(temporary)
        } catch {
            remove(temporary)
            throw error
        }
        var status = stat()
        let code =
            stat(path, &status) == 0
            ? shoal_exchange(temporary, path) : (rename(temporary, path) == 0 ? 0 : -errno)
        // What is now at the temporary name is the old directory, or the new one if it stayed there.
        remove(temporary)
        guard code == 0 else { throw refused(path, -code) }
    }

    /// Deletes a directory of plain files, if it is there.
    private static func remove(_ path: String) {
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { unlink("\(path)/\(name)") }
        }
        closedir(directory)
        rmdir(path)
    }

    private static func refused(_ path: String, _ code: Int32) -> CheckpointError {
        CheckpointError(
            .fileUnwritable, file: path, found: String(cString: strerror(code)),
            expected: "a directory that can be written")
    }
}
