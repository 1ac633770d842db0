import JSON
import System

/// Writes tensors as a safetensors file that `Weights` and other readers accept.
public enum SafetensorsWriter {
    /// One tensor, its values lent when they are written.
    public struct Tensor {
        /// Receives the values, row by row.
        public typealias Body = (UnsafeBufferPointer<Float>) throws(CheckpointError) -> Void

        /// Its name, unique in the file and not `__metadata__`.
        public let name: String
        /// Its dimensions, the outermost first; empty for a scalar.
        public let shape: [Int]
        /// What its values are written as, rounded to the nearest where that has less digits: a usable type.
        public let elementType: ElementType
        private let source: Source

        private enum Source {
            case values((Body) throws(CheckpointError) -> Void)
            case integers(() throws(CheckpointError) -> [UInt8])
        }

        /// A tensor whose values stay where they are.
        ///
        /// - Parameters:
        ///   - name: its name.
        ///   - shape: its dimensions.
        ///   - elementType: F32, F16 or BF16.
        ///   - lend: calls what it is given once, with product(shape) values.
        public init(
            name: String, shape: [Int], elementType: ElementType = .float32,
            lend: @escaping (Body) throws(CheckpointError) -> Void
        ) {
            precondition(elementType.isUsable, "weights of another type")
            self.name = name
            self.shape = shape
            self.elementType = elementType
            source = .values(lend)
        }

        /// A tensor of integers, which are written as they are.
        ///
        /// - Parameters:
        ///   - name: its name.
        ///   - shape: its dimensions.
        ///   - elementType: I8 or I16.
        ///   - read: gives product(shape) of them, little-endian.
        init(
            name: String, shape: [Int], elementType: ElementType,
            integers read: @escaping () throws(CheckpointError) -> [UInt8]
        ) {
            precondition(elementType == .int8 || elementType == .int16, "no integers")
            self.name = name
            self.shape = shape
            self.elementType = elementType
            source = .integers(read)
        }

        /// A tensor of an array, which is shared and not copied.
        public init(name: String, shape: [Int], values: [Float]) {
            self.init(name: name, shape: shape) { (body) throws(CheckpointError) in
                try values.withUnsafeBufferPointer(body)
            }
        }

        /// The bytes of a tensor of integers; nil for other tensors.
        fileprivate func integers() throws(CheckpointError) -> [UInt8]? {
            if case .integers(let read) = source { try read() } else { nil }
        }

        fileprivate func withValues(_ body: Body) throws(CheckpointError) {
            if case .values(let lend) = source { try lend(body) }
        }
    }

    /// Writes a file, or leaves the one that is there.
    ///
    /// Takes memory for the header and one buffer; every value is looked at once before it is written.
    ///
    /// - Parameters:
    ///   - tensors: what the file holds, in the order of its data.
    ///   - metadata: strings of `__metadata__`, written in the order of their names.
    ///   - file: the file's name.
    ///   - directory: the directory that it goes to.
    /// - Throws: `fileUnwritable`; `outOfRange` for names that are taken and shapes that are negative
    ///   or too large; `shapeMismatch` for values that do not fill their shape; `notFinite`, also for what F16 has no
    ///   room for.
    public static func write(
        _ tensors: [Tensor], metadata: [String: String] = [:], to file: String, in directory: String
    ) throws(CheckpointError) {
        let counts = try counts(tensors, file: file)
        let header = header(tensors, counts: counts, metadata: metadata)
        var output = try CheckpointError.converting { () throws(FileError) in
            try AtomicFile("\(directory)/\(file)")
        }
        try CheckpointError.converting { () throws(FileError) in try output.append(header) }
        for (tensor, count) in zip(tensors, counts) {
            try append(tensor, count: count, to: &output, file: file)
        }
        try CheckpointError.converting { () throws(FileError) in try output.commit() }
    }

    /// The number of values of each tensor, once names and shapes are known to be possible.
    private static func counts(_ tensors: [Tensor], file: String) throws(CheckpointError) -> [Int] {
        var names: Set<ExactString> = [ExactString("__metadata__")]
        var counts: [Int] = []
        var total = 0
        for tensor in tensors {
            guard names.insert(ExactString(tensor.name)).inserted else {
                throw CheckpointError(
                    .outOfRange, file: file, subject: tensor.name, found: "a name that is taken",
                    expected: "a name for each tensor")
            }
            // Counted in bytes, so that no later sum of offsets overflows.
            let bytes = tensor.elementType.byteCount(ofShape: tensor.shape)
            let (sum, overflow) = total.addingReportingOverflow(bytes ?? 0)
            guard let bytes, !overflow else {
                throw CheckpointError(
                    .outOfRange, file: file, subject: tensor.name, found: "shape \(tensor.shape)",
                    expected: "dimensions of at least 0 whose bytes fit 63 bits")
            }
            total = sum
            counts.append(bytes / tensor.elementType.byteCount)
        }
        return counts
    }

    /// Length and JSON header, padded with spaces so that the data starts at a multiple of 8 bytes.
    private static func header(
        _ tensors: [Tensor], counts: [Int], metadata: [String: String]
    ) -> [UInt8] {
        var members: [JSONObject.Member] = []
        if !metadata.isEmpty {
            let strings = metadata.sorted { $0.key < $1.key }
            let object = JSONObject(strings.map { .init($0.key, .string($0.value)) })
            members.append(.init("__metadata__", .object(object)))
        }
        var offset = 0
        for (tensor, count) in zip(tensors, counts) {
            let end = offset + tensor.elementType.byteCount * count
            members.append(.init(tensor.name, .object(entry(tensor, offset, end))))
            offset = end
        }
        var text = JSON.serialize(.object(JSONObject(members)))
        text += repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
        let length = UInt64(text.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + text
    }

    private static func entry(_ tensor: Tensor, _ begin: Int, _ end: Int) -> JSONObject {
        JSONObject([
            .init("dtype", .string(tensor.elementType.rawValue)),
            .init("shape", .array(tensor.shape.map { .integer(Int64($0)) })),
            .init("data_offsets", .array([.integer(Int64(begin)), .integer(Int64(end))])),
        ])
    }

    /// F32 goes out as it is, the 16-bit types through a buffer.
    private static func append(
        _ values: UnsafeBufferPointer<Float>, of tensor: Tensor, to output: inout AtomicFile,
        file: String
    ) throws(CheckpointError) {
        guard tensor.elementType != .float32 else {
            return try CheckpointError.converting { () throws(FileError) in
                try output.append(UnsafeRawBufferPointer(values))
            }
        }
        for start in stride(from: 0, to: values.count, by: 1 << 15) {
            let part = values[start..<min(start + 1 << 15, values.count)]
            var bits: [UInt16] = []
            bits.reserveCapacity(part.count)
            for value in part {
                guard let narrow = tensor.elementType.narrowed(value) else {
                    throw CheckpointError(
                        .notFinite, file: file, subject: tensor.name, found: "\(value)",
                        expected: "weights that \(tensor.elementType.rawValue) has room for")
                }
                bits.append(narrow)
            }
            try CheckpointError.converting { () throws(FileError) in
                try output.append(bits.withUnsafeBytes { Array($0) })
            }
        }
    }

    /// The bytes go out as they are in memory: every machine that is built for is little-endian.
    private static func append(
        _ tensor: Tensor, count: Int, to output: inout AtomicFile, file: String
    ) throws(CheckpointError) {
        var given: Int?
        if let integers = try tensor.integers() {
            given = integers.count / tensor.elementType.byteCount
            try CheckpointError.converting { () throws(FileError) in try output.append(integers) }
        }
        try tensor.withValues { (values) throws(CheckpointError) in
            given = values.count
            guard given == count else { return }
            if let index = values.firstIndex(where: { !$0.isFinite }) {
                throw CheckpointError(
                    .notFinite, file: file, subject: tensor.name,
                    found: "\(values[index]) at element \(index)", expected: "finite weights")
            }
            try append(values, of: tensor, to: &output, file: file)
        }
        guard given == count else {
            throw CheckpointError(
                .shapeMismatch, file: file, subject: tensor.name,
                found: "\(given ?? 0) values", expected: "\(count), shape \(tensor.shape)")
        }
    }
}
