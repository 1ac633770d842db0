import CSystem
import Glibc

/// Puts a whole directory in another's place, or leaves what was there.
///
/// Files are written to a temporary directory beside the target, which `commit` lets change places with
/// the old one in one step; whoever opens the path sees the old directory or the new one, both complete.
/// Nothing is deleted but what the writer knows as its own: old files by the names that it gives, and
/// what it wrote. All else that the old directory held, subdirectories among it, moves to the new one. A
/// symbolic link at the path is replaced and what it leads to stays as it is. Let go of without `commit`,
/// the temporary directory is gone and the old one as it was.
public struct AtomicDirectory: ~Copyable {
    /// The temporary directory, which files are written to.
    public let path: String
    private let target: String
    private let parent: Directory
    private let content: Directory
    private let name: Directory.Name
    private let temporary: Directory.Name
    private let replaced: Set<Directory.Name>
    private var isInPlace = false

    /// Makes the temporary directory.
    ///
    /// - Parameters:
    ///   - path: the directory to make or to replace.
    ///   - names: the files that the old directory's writer may have made and that the new one stands
    ///     for; the new directory's own names count in any case.
    /// - Throws: `unwritable` with the path and the system's reason, or with what is in the way: a file in
    ///   the directory's place, a directory in a file's place.
    public init(replacing path: String, files names: Set<String>) throws(FileError) {
        guard let entry = EntryPath(path) else {
            throw FileError(unwritable: path, EBUSY, expected: Self.expected)
        }
        let parent = try Directory(entry.parent, for: path)
        let name = Directory.Name(entry.name)
        let temporary = Directory.Name(entry.temporaryName)
        let replaced = Set(names.map { Directory.Name($0) })
        try Self.check(name, in: parent, replaced, path)
        let descriptor = parent.descriptor
        let temporaryPath = "\(parent.path)/\(temporary.text)"
        let made = TemporaryEntries.make(temporaryPath) {
            mkdirat(descriptor, temporary.bytes, 0o777)
        }
        guard made == 0 else {
            throw FileError(unwritable: path, errno, expected: Self.expected)
        }
        guard let content = Directory(temporary, in: parent) else {
            let code = errno
            parent.deleteDirectory(temporary)
            TemporaryEntries.ended(temporaryPath)
            throw FileError(unwritable: path, code, expected: Self.expected)
        }
        self.path = content.path
        target = path
        self.name = name
        self.temporary = temporary
        self.replaced = replaced
        self.content = content
        self.parent = parent
    }

    private static let expected = "a directory that can be written"

    /// Refuses what could be neither replaced nor kept.
    private static func check(
        _ name: Directory.Name, in parent: borrowing Directory, _ replaced: Set<Directory.Name>,
        _ path: String
    ) throws(FileError) {
        switch parent.kind(of: name) {
        case nil, .link: return
        case .file, .other:
            throw FileError(
                .unwritable, path, found: "something that is not a directory", expected: expected)
        case .directory: break
        }
        guard let old = Directory(name, in: parent) else {
            throw FileError(unwritable: path, errno, expected: expected)
        }
        for name in replaced {
            guard let kind = old.kind(of: name), kind != .file, kind != .link else { continue }
            throw FileError(
                .unwritable, "\(path)/\(name.text)",
                found: "something that is not a regular file",
                expected: "a file that can be replaced")
        }
    }

    /// Puts the directory in its place, for good.
    ///
    /// - Throws: `unwritable`; the old directory is as it was then, unless the message says that it stands
    ///   beside the new one because something in it could be neither deleted nor moved.
    public mutating func commit() throws(FileError) {
        try content.flush()
        try Self.check(name, in: parent, replaced, target)
        let hadOld = parent.kind(of: name) != nil
        let code =
            hadOld
            ? shoal_exchange(parent.descriptor, temporary.bytes, name.bytes)
            : (renameat(parent.descriptor, temporary.bytes, parent.descriptor, name.bytes) == 0
                ? 0 : -errno)
        guard code == 0 else {
            throw FileError(unwritable: target, -code, expected: Self.expected)
        }
        isInPlace = true
        // From here on the temporary name is that of the old directory.
        TemporaryEntries.ended(content.path)
        // What is now at the temporary name is what was there before.
        if hadOld, !removeOld() {
            try parent.flush()
            throw FileError(
                .unwritable, target, found: "entries that can be neither deleted nor moved",
                expected: "a directory without them; the old one is at \(path)")
        }
        try content.flush()
        try parent.flush()
    }

    /// Whether all of the old directory was deleted or moved.
    private func removeOld() -> Bool {
        if parent.kind(of: temporary) == .link { return parent.delete(temporary) }
        guard let old = Directory(temporary, in: parent) else { return false }
        let own = replaced.union(content.names())
        for name in old.names() {
            let kind = old.kind(of: name)
            if own.contains(name), kind == .file || kind == .link {
                old.delete(name)
            } else {
                _ = old.move(name, to: content)
            }
        }
        return parent.deleteDirectory(temporary)
    }

    deinit {
        defer { TemporaryEntries.ended(content.path) }
        guard !isInPlace else { return }
        for name in content.names() where content.kind(of: name) != .directory {
            content.delete(name)
        }
        parent.deleteDirectory(temporary)
    }
}
