import Glibc

/// The temporary files and directories of unfinished writers, so that a process which leaves in the
/// middle of one leaves nothing behind.
public enum TemporaryEntries {
    private static let live = Lock<Set<String>>([])

    static func began(_ path: String) { live.withLock { _ = $0.insert(path) } }

    static func ended(_ path: String) { live.withLock { _ = $0.remove(path) } }

    /// Deletes what unfinished writers have made, and ends the process; old files stay as they were.
    ///
    /// - Parameter status: that the process ends with.
    public static func deleteAndExit(_ status: Int32) -> Never {
        live.withLock { paths in
            for path in paths { delete(path) }
            // With the lock held: a writer that would begin another file waits.
            _exit(status)
        }
    }

    private static func delete(_ path: String) {
        guard let entry = EntryPath(path), let parent = try? Directory(entry.parent, for: path)
        else { return }
        let name = Directory.Name(entry.name)
        guard let content = Directory(name, in: parent) else {
            parent.delete(name)
            return
        }
        for name in content.names() where content.kind(of: name) != .directory {
            content.delete(name)
        }
        parent.deleteDirectory(name)
    }
}
