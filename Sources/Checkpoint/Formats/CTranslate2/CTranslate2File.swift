import JSON

/// `model.bin` of CTranslate2: variables by name, little-endian (python/ctranslate2/specs/model_spec.py of its releases 1 to 4).
struct CTranslate2File {
    /// A variable, its shape as the file has it.
    struct Variable {
        let elementType: ElementType
        let shape: [Int]
        let bytes: Range<Int>
    }

    /// The name of the specification, "TransformerSpec" in all that is written today.
    let specification: String
    /// Its revision.
    let revision: Int
    private(set) var variables: [ExactString: Variable] = [:]
    /// In the order of the file, aliases behind them.
    private(set) var names: [String] = []

    /// The versions of the format that are read.
    static let versions = 2...6
    private static let mostVariables = 20_000
    private static let mostDimensions = 8

    /// Whether a file begins as one of this format does: with a version and the name of a specification.
    static func isOne(_ opened: OpenFile) throws(CheckpointError) -> Bool {
        guard opened.byteCount >= 16 else { return false }
        let head = LittleEndianBytes(try opened.bytes(0..<16))
        guard let version = head.integer(at: 0, 4), (1...64).contains(version) else { return false }
        // Marian's files begin with the same number.
        if version == 1 { return try !MarianBinary.isOne(opened) }
        return head.text(at: 6, 5).map { $0.hasPrefix("Trans") } == true
    }

    init(_ opened: OpenFile) throws(CheckpointError) {
        var reader = Reader(opened)
        let version = try reader.integer(4)
        guard Self.versions.contains(version) else {
            throw CheckpointError(
                .unsupportedFormat, file: opened.name, found: "binary version \(version)",
                expected:
                    "version \(Self.versions.lowerBound) to \(Self.versions.upperBound): convert the model again with CTranslate2 4"
            )
        }
        specification = try reader.text()
        revision = try reader.integer(4)
        let count = try reader.integer(4)
        guard count <= Self.mostVariables else { throw reader.malformed("\(count) variables") }
        for _ in 0..<count {
            let name = try reader.text()
            let dimensions = try reader.integer(1)
            guard dimensions <= Self.mostDimensions else {
                throw reader.malformed("\(dimensions) dimensions", name)
            }
            var shape: [Int] = []
            for _ in 0..<dimensions { shape.append(try reader.integer(4)) }
            let type = try reader.integer(1)
            guard let elementType = Self.elementType(type, version: version) else {
                throw CheckpointError(
                    .unsupportedElementType, file: opened.name, subject: name,
                    found: "type \(type)",
                    expected: "float32, float16, bfloat16, int8, int16 or int32")
            }
            let length = try reader.integer(4)
            let byteCount = version >= 4 ? length : length * elementType.byteCount
            guard elementType.byteCount(ofShape: shape) == byteCount else {
                throw reader.malformed("\(byteCount) bytes for \(shape)", name)
            }
            let variable = Variable(
                elementType: elementType, shape: shape, bytes: try reader.skip(byteCount))
            guard variables.updateValue(variable, forKey: ExactString(name)) == nil else {
                throw reader.malformed("a name that is there twice", name)
            }
            names.append(name)
        }
        if version >= 3 { try readAliases(&reader) }
        guard reader.isAtEnd else { throw reader.malformed("bytes behind the last variable") }
    }

    private mutating func readAliases(_ reader: inout Reader) throws(CheckpointError) {
        let count = try reader.integer(4)
        guard count <= Self.mostVariables else { throw reader.malformed("\(count) aliases") }
        for _ in 0..<count {
            let alias = try reader.text()
            let name = try reader.text()
            for suffix in ["", "_scale"] {
                guard let variable = variables[ExactString(name + suffix)],
                    variables[ExactString(alias + suffix)] == nil
                else { continue }
                variables[ExactString(alias + suffix)] = variable
                names.append(alias + suffix)
            }
        }
    }

    /// What a number stands for: the type since version 4, the size of an element before.
    private static func elementType(_ number: Int, version: Int) -> ElementType? {
        let types: [ElementType?] =
            version >= 4
            ? [.float32, .int8, .int16, .int32, .float16, .bfloat16]
            : [nil, .int8, .int16, nil, .float32]
        return types.indices.contains(number) ? types[number] : nil
    }

    /// Takes one value after the other.
    private struct Reader {
        private let opened: OpenFile
        private var place = 0

        init(_ opened: OpenFile) {
            self.opened = opened
        }

        var isAtEnd: Bool { place == opened.byteCount }

        mutating func integer(_ length: Int) throws(CheckpointError) -> Int {
            let bytes = LittleEndianBytes(try opened.bytes(try skip(length)))
            guard let value = bytes.integer(at: 0, length) else {
                throw malformed("a number that is too large")
            }
            return value
        }

        /// A text with its length, a zero at its end.
        mutating func text() throws(CheckpointError) -> String {
            let length = try integer(2)
            let bytes = LittleEndianBytes(try opened.bytes(try skip(length)))
            guard length > 0, let text = bytes.text(at: 0, length - 1) else {
                throw malformed("a name that is empty or no UTF-8")
            }
            return text
        }

        mutating func skip(_ length: Int) throws(CheckpointError) -> Range<Int> {
            guard length <= opened.byteCount - place else {
                throw malformed("values that end behind the file")
            }
            place += length
            return place - length..<place
        }

        func malformed(_ found: String, _ subject: String? = nil) -> CheckpointError {
            CheckpointError(
                .malformedArchive, file: opened.name, subject: subject, found: found,
                expected: "a model.bin of CTranslate2, whole and unchanged")
        }
    }
}
