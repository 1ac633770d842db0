import JSON
import System

/// Named tensors of one file or of several, open for reading.
///
/// Opening checks what the files say of their tensors from end to end and reads no more than that; a tensor is
/// read when it is asked for, by copying: a file that is cut off meanwhile is an error (`fileChanged`).
public struct Weights: Sendable {
    /// What the files say of one tensor.
    public struct Entry: Sendable, Equatable {
        /// The tensor's name.
        public let name: String
        /// The type of its elements.
        public let elementType: ElementType
        /// Its dimensions, the outermost first; empty for a scalar.
        public let shape: [Int]
        /// Which of the files it is in.
        var part = 0
        /// Where its values are, row by row and little-endian, counted from the start of the file.
        let bytes: Range<Int>
    }

    /// The name of the file that says which tensors there are, inside the checkpoint directory.
    public let file: String
    /// All tensors; those of a safetensors file in the order of their data.
    public let entries: [Entry]
    /// The strings of `__metadata__`, empty where there is none.
    public let metadata: [String: String]
    let parts: [OpenFile]
    private let indices: [ExactString: Int]

    /// Opens a safetensors file and checks its header.
    ///
    /// The format: 8 bytes of header length (little-endian), a JSON header, then the data, which the tensors have
    /// to fill without hole, overlap or rest.
    ///
    /// - Parameters:
    ///   - file: the file's name.
    ///   - directory: the directory that it is in.
    /// - Throws: `fileMissing`, `fileUnreadable`, `fileChanged`, `malformedJSON`, `malformedSafetensors`, the
    ///   tensor named where one is at fault.
    public init(safetensors file: String, in directory: String) throws(CheckpointError) {
        let opened = try OpenFile(file, in: directory)
        let header = try SafetensorsHeader(opened)
        self.init(
            file: file, entries: header.entries, metadata: header.metadata, parts: [opened])
    }

    /// Takes entries that were checked, with names that differ.
    init(file: String, entries: [Entry], metadata: [String: String] = [:], parts: [OpenFile]) {
        self.file = file
        self.entries = entries
        self.metadata = metadata
        self.parts = parts
        var indices: [ExactString: Int] = [:]
        for (index, entry) in entries.enumerated() { indices[ExactString(entry.name)] = index }
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
    /// - Throws: as `read(_:shape:into:)`.
    public func floats(named name: String, shape: [Int]) throws(CheckpointError) -> [Float] {
        let entry = try usableEntry(name, shape)
        return try [Float].filled(count: entry.count) { (buffer) throws(CheckpointError) in
            try read(entry, into: buffer)
        }
    }

    /// Copies a tensor as fp32, row by row, to where its values are wanted: F32 comes from the file without
    /// a stop, the 16-bit types through a buffer of 64 KiB.
    ///
    /// - Parameters:
    ///   - name: the tensor's name.
    ///   - shape: the dimensions that it has to have, exactly.
    ///   - values: product(shape) values, all of them written.
    /// - Throws: `tensorMissing`, `shapeMismatch`, `unsupportedElementType`, `notFinite`, each with
    ///   the tensor's name, what was found and what was expected; `fileChanged`, `fileUnreadable`.
    public func read(
        _ name: String, shape: [Int], into values: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        let entry = try usableEntry(name, shape)
        precondition(values.count == entry.count, "room for another number of values")
        try read(entry, into: values)
    }

    /// Makes sure that a tensor is there with a shape and can be read, so that room for it can be made.
    ///
    /// - Throws: `tensorMissing`, `shapeMismatch`, `unsupportedElementType`.
    public func require(_ name: String, shape: [Int]) throws(CheckpointError) {
        _ = try usableEntry(name, shape)
    }

    private func usableEntry(_ name: String, _ shape: [Int]) throws(CheckpointError) -> Entry {
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
                .unsupportedElementType, file: parts[entry.part].name, subject: name,
                found: entry.elementType.rawValue, expected: "F32, F16 or BF16")
        }
        return entry
    }

    private func read(
        _ entry: Entry, into values: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        if entry.elementType == .float32 {
            // As they are in memory: every machine that is built for is little-endian.
            try parts[entry.part].read(
                into: UnsafeMutableRawBufferPointer(values), at: entry.bytes.lowerBound)
        } else {
            try readWidening(entry, into: values)
        }
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw CheckpointError(
                .notFinite, file: parts[entry.part].name, subject: entry.name,
                found: "\(values[index]) at element \(index)", expected: "finite weights")
        }
    }

    private func readWidening(
        _ entry: Entry, into values: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        let type = entry.elementType
        let step = (1 << 16) / type.byteCount
        for start in stride(from: 0, to: values.count, by: step) {
            let count = min(step, values.count - start)
            let offset = entry.bytes.lowerBound + start * type.byteCount
            let bytes = try parts[entry.part].bytes(
                offset..<offset + count * type.byteCount)
            let part = values[start..<start + count]
            type.widen(bytes, into: UnsafeMutableBufferPointer(rebasing: part))
        }
    }
}

extension Weights.Entry {
    /// The number of values.
    var count: Int { bytes.count / elementType.byteCount }
}

extension [Float] {
    /// An array of values that are written where they are; nothing is left of it where that fails.
    package static func filled<Failure: Error>(
        count: Int, _ write: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Void
    ) throws(Failure) -> [Float] {
        var fault: Failure?
        let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(Failure) {
                try write(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                initialized = count
            } catch {
                fault = error
            }
        }
        if let fault { throw fault }
        return values
    }
}
