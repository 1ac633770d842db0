import Digest
import System

/// A file that several values own, or the content of one; closed when the last lets go of it.
final class OpenFile: Sendable {
    let name: String
    private let source: Source

    private enum Source: Sendable {
        case file(Holder)
        /// What was unpacked from an archive.
        case content([UInt8])
        /// The same, which was given back.
        case released(byteCount: Int)
    }

    /// A file that can be referred to.
    private final class Holder: Sendable {
        let file: RegularFile

        init(_ path: String) throws(FileError) {
            file = try RegularFile(path)
        }
    }

    var byteCount: Int {
        switch source {
        case .file(let holder): holder.file.byteCount
        case .content(let bytes): bytes.count
        case .released(let byteCount): byteCount
        }
    }

    /// Whether it is unpacked in memory.
    var isContent: Bool {
        if case .content = source { true } else { false }
    }

    /// The same file without what was unpacked of it, which cannot be read any more.
    func releasingContent() -> OpenFile { isContent ? OpenFile(releasing: self) : self }

    private init(releasing file: OpenFile) {
        name = file.name
        source = .released(byteCount: file.byteCount)
    }

    private var givenBack: CheckpointError {
        CheckpointError(
            .fileUnreadable, file: name, found: "what was unpacked was given back",
            expected: "the package opened anew")
    }

    init(_ name: String, in directory: String) throws(CheckpointError) {
        self.name = name
        let holder = try CheckpointError.converting(file: name) { () throws(FileError) in
            try Holder("\(directory)/\(name)")
        }
        source = .file(holder)
    }

    /// What was unpacked from an archive.
    init(_ name: String, content: [UInt8]) {
        self.name = name
        source = .content(content)
    }

    /// A copy of a range, which has to lie within the file.
    func bytes(_ range: Range<Int>) throws(CheckpointError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withUnsafeMutableBufferPointer { (buffer) throws(CheckpointError) in
            try read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
        }
        return bytes
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(CheckpointError) {
        switch source {
        case .file(let holder):
            try CheckpointError.converting(file: name) { () throws(FileError) in
                try holder.file.read(into: buffer, at: offset)
            }
        case .content(let bytes):
            let part = bytes[offset..<offset + buffer.count]
            part.withUnsafeBytes { buffer.copyMemory(from: $0) }
        case .released: throw givenBack
        }
    }

    /// Which file it is, and when it was last written; nil for what was unpacked, and where the system does not say.
    func identity() -> FileIdentity? {
        guard case .file(let holder) = source else { return nil }
        return holder.file.identity()
    }

    /// The user to whom the file belongs; nil as in `identity`.
    func owner() -> UInt32? {
        guard case .file(let holder) = source else { return nil }
        return holder.file.owner()
    }

    /// SHA-256 of the whole file.
    ///
    /// - Throws: `fileChanged` where it is not what it was when it was opened.
    func digest() throws(CheckpointError) -> [UInt8] {
        switch source {
        case .content(let bytes): return SHA256.digest(bytes)
        case .released: throw givenBack
        case .file(let holder):
            var digest = SHA256()
            try CheckpointError.converting(file: name) { () throws(FileError) in
                try holder.file.forEachChunk(limit: holder.file.byteCount) { digest.update($0) }
                try holder.file.requireUnchanged()
            }
            return digest.finalize()
        }
    }
}
