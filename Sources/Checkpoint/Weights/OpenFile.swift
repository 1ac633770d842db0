import Digest
import System

/// A file that several values own; closed when the last lets go of it.
final class OpenFile: Sendable {
    let name: String
    private let file: RegularFile

    var byteCount: Int { file.byteCount }

    init(_ name: String, in directory: String) throws(CheckpointError) {
        self.name = name
        file = try CheckpointError.converting(file: name) { () throws(FileError) in
            try RegularFile("\(directory)/\(name)")
        }
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
        try CheckpointError.converting(file: name) { () throws(FileError) in
            try file.read(into: buffer, at: offset)
        }
    }

    /// SHA-256 of the whole file.
    ///
    /// - Throws: `fileChanged` where it is not what it was when it was opened.
    func digest() throws(CheckpointError) -> [UInt8] {
        var digest = SHA256()
        try CheckpointError.converting(file: name) { () throws(FileError) in
            try file.forEachChunk(limit: file.byteCount) { digest.update($0) }
            try file.requireUnchanged()
        }
        return digest.finalize()
    }
}
