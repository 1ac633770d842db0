import JSON
import System

/// A safetensors file that is open for reading, its header checked from end to end.
///
/// The format: 8 bytes of header length (little-endian), a JSON header, then the data, which the
/// tensors have to fill without hole, overlap or rest. Opening reads only the header; a tensor is read
/// when it is asked for, by copying: a file that is cut off meanwhile is an error (`fileChanged`).
public struct Safetensors: Sendable {
    /// What the header says of one tensor.
    public struct Entry: Sendable, Equatable {
        /// The tensor's name.
        public let name: String
        /// The type of its elements.
        public let elementType: ElementType
        /// Its dimensions, the outermost first; empty for a scalar.
        public let shape: [Int]
        /// Where its bytes are, counted from the start of the file.
        let bytes: Range<Int>
    }

    /// The file's name inside the checkpoint directory.
    public let file: String
    /// All tensors in the order of their data.
    public let entries: [Entry]
    /// The strings of `__metadata__`, empty where there is none.
    public let metadata: [String: String]
    /// The size of the file when it was opened.
    public var byteCount: Int { opened.byteCount }
    private let opened: OpenFile
    private let indices: [ExactString: Int]

    /// Opens a file and checks its header.
    ///
    /// - Parameters:
    ///   - file: the file's name.
    ///   - directory: the directory that it is in.
    /// - Throws: `fileMissing`, `fileUnreadable`, `fileChanged`, `malformedJSON`, `malformedSafetensors`, the
    ///   tensor named where one is at fault.
    public init(file: String, in directory: String) throws(CheckpointError) {
        let opened = try OpenFile(file, in: directory)
        let header = try SafetensorsHeader(opened)
        self.file = file
        self.opened = opened
        entries = header.entries
        metadata = header.metadata
        var indices: [ExactString: Int] = [:]
        for (index, entry) in header.entries.enumerated() {
            indices[ExactString(entry.name)] = index
        }
        self.indices = indices
    }

    /// The entry of a name, or nil.
    public func entry(named name: String) -> Entry? {
        indices[ExactString(name)].map { entries[$0] }
    }

    /// Whether there is a tensor of this name.
    public func contains(_ name: String) -> Bool {
        entry(named: name) != nil
    }

    /// Copies a tensor out as fp32, row by row.
    ///
    /// - Parameters:
    ///   - name: the tensor's name.
    ///   - shape: the dimensions that it has to have, exactly.
    /// - Returns: product(shape) finite values.
    /// - Throws: `tensorMissing`, `shapeMismatch`, `unsupportedElementType`, `notFinite`; each with
    ///   the tensor's name, what was found and what was expected.
    public func floats(named name: String, shape: [Int]) throws(CheckpointError) -> [Float] {
        guard let entry = entry(named: name) else {
            throw CheckpointError(
                .tensorMissing, file: file, subject: name, found: "no such tensor",
                expected: "a tensor of shape \(shape)")
        }
        guard entry.shape == shape else {
            throw CheckpointError(
                .shapeMismatch, file: file, subject: name, found: "shape \(entry.shape)",
                expected: "shape \(shape)")
        }
        guard entry.elementType.isUsable else {
            throw CheckpointError(
                .unsupportedElementType, file: file, subject: name,
                found: entry.elementType.rawValue, expected: "F32, F16 or BF16")
        }
        let values = entry.elementType.floats(from: try opened.bytes(entry.bytes))
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw CheckpointError(
                .notFinite, file: file, subject: name,
                found: "\(values[index]) at element \(index)", expected: "finite weights")
        }
        return values
    }
}

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
        var fault: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            let room = UnsafeMutableRawBufferPointer(
                start: buffer.baseAddress, count: range.count)
            do throws(FileError) {
                try file.read(into: room, at: range.lowerBound)
                count = range.count
            } catch {
                fault = error
            }
        }
        if let fault { throw CheckpointError(fault, file: name) }
        return bytes
    }
}
