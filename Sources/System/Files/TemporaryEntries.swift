import Glibc

/// The temporary files and directories of unfinished writers, so that a process which leaves in the
/// middle of one leaves nothing behind.
public enum TemporaryEntries {
    private static let live = Lock<Set<String>>([])

    /// Makes an entry; a process that is made to leave meanwhile does so before it, or deletes it.
    ///
    /// - Parameters:
    ///   - path: of the entry.
    ///   - make: makes it; the system's result, negative where it could not.
    /// - Returns: that result, with errno as it was left.
    static func make(_ path: String, _ make: () -> Int32) -> Int32 {
        live.withLock { paths in
            let result = make()
            if result >= 0 { paths.insert(path) }
            return result
        }
    }

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
