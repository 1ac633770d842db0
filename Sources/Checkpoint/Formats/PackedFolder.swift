import Compression
import JSON

/// A folder in a zip archive, as packages of Argos Translate are: its files, unpacked when they are asked for.
struct PackedFolder {
    private let opened: OpenFile
    private let members: [ExactString: ZipArchive.Member]
    /// The folder that all members are in, with a slash at its end; empty where there is none.
    private let prefix: String
    /// Names in the folder, in the order of the archive.
    let names: [String]

    /// Far above the largest packages.
    private static let mostBytes = 4 << 30
    /// Deflate makes no more than 1,032 bytes of one.
    private static let greatestRatio = 1_032

    init(_ opened: OpenFile) throws(CheckpointError) {
        self.opened = opened
        let archive = try ZipArchive(opened)
        let first = archive.names.first?.split(separator: "/").first.map { $0 + "/" } ?? ""
        let isCommon = archive.names.allSatisfy { $0.hasPrefix(first) }
        let prefix = isCommon ? String(first) : ""
        self.prefix = prefix
        members = archive.members
        names = archive.names.map { String($0.dropFirst(prefix.count)) }
    }

    func holds(_ name: String) -> Bool { members[ExactString(prefix + name)] != nil }

    /// The content of a file.
    ///
    /// - Throws: `fileMissing`, `fileTooLarge`; `malformedArchive` where it is not what the archive says.
    func bytes(_ name: String, limit: Int) throws(CheckpointError) -> [UInt8] {
        guard let member = members[ExactString(prefix + name)] else {
            throw CheckpointError(
                .fileMissing, file: name, found: "no such file", expected: "a file of the package")
        }
        guard member.byteCount <= min(limit, Self.mostBytes),
            member.byteCount / Self.greatestRatio <= member.range.count
        else {
            throw CheckpointError(
                .fileTooLarge, file: name, found: "\(member.byteCount) bytes",
                expected: "at most \(min(limit, Self.mostBytes))")
        }
        let bytes = try opened.bytes(member.range)
        guard member.isPacked else { return bytes }
        guard let content = Inflate.bytes(bytes, count: member.byteCount) else {
            throw CheckpointError(
                .malformedArchive, file: opened.name, subject: name,
                found: "a member that cannot be unpacked",
                expected: "a zip archive, whole and unchanged")
        }
        return content
    }

    /// A file as it is opened.
    func open(_ name: String) throws(CheckpointError) -> OpenFile {
        OpenFile(name, content: try bytes(name, limit: Self.mostBytes))
    }
}
