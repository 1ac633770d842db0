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
        /// Where its values are, little-endian, counted from the start of the file.
        let bytes: Range<Int>
        /// How they lie there.
        var layout = Layout()
        /// Whether all values are zero and none is in the file.
        var isZero = false
    }

    /// How the values of a tensor lie in its file.
    struct Layout: Sendable, Equatable {
        /// Column by column, so that the file has the shape the other way round; else row by row.
        var isTransposed = false
        /// What integers are divided by; nil for floating-point numbers, which stand for themselves.
        var divisors: Divisors?
    }

    /// What the integers of a quantised tensor are divided by to give its values.
    enum Divisors: Sendable, Equatable {
        /// One number for all.
        case one(Float)
        /// A number for each row, fp32 at a place of the same file.
        case rows(Range<Int>)
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
            file: file, entries: try Self.quantized(header.entries, in: opened),
            metadata: header.metadata, parts: [opened])
    }

    /// What stands behind the name of a tensor of integers in that of its divisors.
    static let divisorSuffix = ".divisors"

    /// Gives tensors of integers the divisors that stand beside them, F32 of shape [1] or one for each row (checkpoint-format.md), which are
    /// no tensors of their own.
    private static func quantized(
        _ entries: [Entry], in opened: OpenFile
    ) throws(CheckpointError) -> [Entry] {
        var divisors: [ExactString: Entry] = [:]
        for entry in entries
        where entry.name.hasSuffix(divisorSuffix) && entry.elementType == .float32 {
            divisors[ExactString(String(entry.name.dropLast(divisorSuffix.utf8.count)))] = entry
        }
        guard !divisors.isEmpty else { return entries }
        var result: [Entry] = []
        for var entry in entries
        where !(entry.name.hasSuffix(divisorSuffix) && entry.elementType == .float32) {
            if let own = divisors[ExactString(entry.name)],
                entry.elementType == .int8 || entry.elementType == .int16
            {
                guard own.shape == [1] || own.shape == entry.shape.first.map({ [$0] }) else {
                    throw CheckpointError(
                        .shapeMismatch, file: opened.name, subject: own.name,
                        found: "shape \(own.shape)", expected: "[1], or a number for each row")
                }
                entry.layout.divisors =
                    own.shape == [1]
                    ? .one(try divisor(own.bytes, in: opened)) : .rows(own.bytes)
            }
            result.append(entry)
        }
        return result
    }

    private static func divisor(
        _ bytes: Range<Int>, in opened: OpenFile
    ) throws(CheckpointError) -> Float {
        LittleEndianBytes(try opened.bytes(bytes)).float(at: 0) ?? 0
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

    /// Whether the values are unpacked in memory, not in files.
    var isUnpacked: Bool { parts.contains(where: \.isContent) }

    /// The same tensors without values that were unpacked in memory, which cannot be read any more.
    func releasingContent() -> Weights {
        guard isUnpacked else { return self }
        return Weights(
            file: file, entries: entries, metadata: metadata,
            parts: parts.map { $0.releasingContent() })
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
        guard entry.isZero || entry.count == shape.reduce(1, *) else {
            throw CheckpointError(
                .shapeMismatch, file: file, subject: name, found: "\(entry.count) values",
                expected: "shape \(shape)")
        }
        guard entry.isUsable else {
            throw CheckpointError(
                .unsupportedElementType, file: parts[entry.part].name, subject: name,
                found: entry.elementType.rawValue,
                expected: "F32, F16 or BF16, or integers with divisors")
        }
        return entry
    }

    private func read(
        _ entry: Entry, into values: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        if entry.isZero { return values.update(repeating: 0) }
        if entry.layout.isTransposed, entry.shape.count == 2 {
            let turned = try [Float].filled(count: values.count) {
                (turned) throws(CheckpointError) in try readAsStored(entry, into: turned)
            }
            transpose(turned, columns: entry.shape[1], into: values)
        } else {
            try readAsStored(entry, into: values)
        }
        if let divisors = entry.layout.divisors {
            try divide(values, by: divisors, rows: entry.shape.first ?? 1, in: parts[entry.part])
        }
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw CheckpointError(
                .notFinite, file: parts[entry.part].name, subject: entry.name,
                found: "\(values[index]) at element \(index)", expected: "finite weights")
        }
    }

    /// A quantised tensor as it is stored, and its divisors under the name that says so.
    func integers(
        _ entry: Entry, _ divisors: Divisors
    ) throws(CheckpointError) -> [SafetensorsWriter.Tensor] {
        let part = parts[entry.part]
        let name = entry.name + Self.divisorSuffix
        let values: [Float]
        switch divisors {
        case .one(let divisor): values = [divisor]
        case .rows(let range):
            values = try [Float].filled(count: range.count / 4) {
                (buffer) throws(CheckpointError) in
                try part.read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
            }
        }
        let integers = SafetensorsWriter.Tensor(
            name: entry.name, shape: entry.shape, elementType: entry.elementType
        ) { () throws(CheckpointError) in try part.bytes(entry.bytes) }
        return [integers, .init(name: name, shape: [values.count], values: values)]
    }

    /// Reads values in the order of the file.
    private func readAsStored(
        _ entry: Entry, into values: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        if entry.elementType == .float32 {
            // As they are in memory: every machine that is built for is little-endian.
            try parts[entry.part].read(
                into: UnsafeMutableRawBufferPointer(values), at: entry.bytes.lowerBound)
        } else {
            try readWidening(entry, into: values)
        }
    }

    /// Puts values that lie column by column row by row, in squares that stay in the cache.
    private func transpose(
        _ stored: [Float], columns: Int, into values: UnsafeMutableBufferPointer<Float>
    ) {
        guard columns > 0 else { return }
        let rows = values.count / columns
        let side = 32
        for firstRow in stride(from: 0, to: rows, by: side) {
            for firstColumn in stride(from: 0, to: columns, by: side) {
                for row in firstRow..<min(firstRow + side, rows) {
                    for column in firstColumn..<min(firstColumn + side, columns) {
                        values[row * columns + column] = stored[column * rows + row]
                    }
                }
            }
        }
    }

    private func divide(
        _ values: UnsafeMutableBufferPointer<Float>, by divisors: Divisors, rows: Int,
        in part: OpenFile
    ) throws(CheckpointError) {
        switch divisors {
        case .one(let divisor): for index in values.indices { values[index] /= divisor }
        case .rows(let range):
            guard rows > 0 else { return }
            let divisors = try [Float].filled(count: rows) { (buffer) throws(CheckpointError) in
                try part.read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
            }
            let width = values.count / rows
            for index in values.indices { values[index] /= divisors[index / width] }
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
    /// A tensor of zeros, which no file has.
    init(zeros name: String, shape: [Int]) {
        self.init(name: name, elementType: .float32, shape: shape, bytes: 0..<0)
        isZero = true
    }

    /// The number of values.
    var count: Int {
        isZero ? shape.reduce(1, *) : bytes.count / elementType.byteCount
    }

    /// Whether weights can be read from it: floating-point numbers, or integers that say what they are divided by.
    var isUsable: Bool {
        layout.divisors == nil
            ? elementType.isUsable : elementType == .int8 || elementType == .int16
    }
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
