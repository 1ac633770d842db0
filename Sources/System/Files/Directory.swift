import CSystem
import Glibc

/// An open directory, whose entries are named relative to it: no link on the way to them is followed.
struct Directory: ~Copyable {
    /// The path, for errors.
    let path: String
    let descriptor: Int32

    /// What an entry is; a symbolic link is a link, wherever it leads.
    enum Kind {
        case file
        case directory
        case link
        case other
    }

    /// An entry's name as the system has it, which need not be UTF-8, with a zero behind it.
    struct Name: Hashable {
        let bytes: [CChar]

        /// The name for people.
        var text: String {
            String(decoding: bytes.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        }

        init(_ name: String) { bytes = name.utf8CString.map(\.self) }
        init(_ pointer: UnsafePointer<CChar>) {
            bytes = Array(UnsafeBufferPointer(start: pointer, count: strlen(pointer) + 1))
        }
    }

    /// Opens the directory that a target is in, which an error names; links that lead to it are followed.
    init(_ path: String, for target: String) throws(FileError) {
        let opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw FileError(unwritable: target, errno) }
        descriptor = opened
        self.path = path
    }

    /// Opens a directory inside another one; nil where the entry is something else, a link for example.
    init?(_ name: Name, in parent: borrowing Directory) {
        let opened = openat(
            parent.descriptor, name.bytes, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else { return nil }
        descriptor = opened
        path = parent.path + "/" + name.text
    }

    deinit {
        close(descriptor)
    }

    /// The kind of an entry; nil where there is none.
    func kind(of name: Name) -> Kind? {
        var status = stat()
        guard fstatat(descriptor, name.bytes, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .directory
        case S_IFLNK: .link
        default: .other
        }
    }

    /// The permissions of an entry that is a regular file; nil where it is none.
    func permissions(ofFile name: Name) -> mode_t? {
        var status = stat()
        guard fstatat(descriptor, name.bytes, &status, AT_SYMLINK_NOFOLLOW) == 0,
            status.st_mode & S_IFMT == S_IFREG
        else { return nil }
        return status.st_mode & 0o777
    }

    /// The entries but `.` and `..`, in no order.
    func names() -> [Name] {
        // A description of its own: reading moves the position, and closing the stream closes it.
        let own = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0, let stream = fdopendir(own) else { return [] }
        defer { closedir(stream) }
        var names: [Name] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { Name($0) }
            }
            if name != Name("."), name != Name("..") { names.append(name) }
        }
        return names
    }

    /// Deletes an entry that is a file or a link, the link and not what it leads to.
    @discardableResult
    func delete(_ name: Name) -> Bool { unlinkat(descriptor, name.bytes, 0) == 0 }

    /// Deletes an entry that is an empty directory.
    @discardableResult
    func deleteDirectory(_ name: Name) -> Bool {
        unlinkat(descriptor, name.bytes, AT_REMOVEDIR) == 0
    }

    /// Moves an entry to another directory of the same file system, unless its name is taken there.
    func move(_ name: Name, to other: borrowing Directory) -> Bool {
        shoal_move(descriptor, other.descriptor, name.bytes) == 0
    }

    /// Makes renamed and deleted entries last; a file system that cannot flush a directory is let off.
    func flush() throws(FileError) {
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw FileError(unwritable: path, errno)
        }
    }
}

/// A path taken apart: the directory that an entry is in, and the entry's name there.
struct EntryPath {
    let parent: String
    let name: String

    /// Nil where the path names no entry that could be made or replaced: an empty one, `/`, `.`, `..`.
    init?(_ path: String) {
        let whole = path.utf8.reversed().drop { $0 == UInt8(ascii: "/") }.reversed()
        let bytes = Array(whole)
        let start = (bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1
        name = String(decoding: bytes[start...], as: UTF8.self)
        let before = bytes[..<start].reversed().drop { $0 == UInt8(ascii: "/") }.reversed()
        parent =
            start == 0 ? "." : before.isEmpty ? "/" : String(decoding: before, as: UTF8.self)
        if name.isEmpty || name == "." || name == ".." { return nil }
    }

    /// A name beside the entry's that no other writer takes and no leftover has.
    var temporaryName: String {
        "\(name).\(String(UInt64.random(in: 0...UInt64.max), radix: 36)).tmp"
    }
}
