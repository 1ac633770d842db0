import JSON

/// The pickles that PyTorch writes of tensors by name: protocol 2 of Python's pickle, as far as tensors need it.
///
/// The instructions are read, nothing is run: a name stands for a function that is known here, or the pickle is refused. Time and memory
/// are in proportion to the bytes.
struct TensorPickle {
    /// The numbers that tensors are made of, as the pickle names them.
    struct Storage: Equatable {
        let elementType: ElementType
        let key: String
        /// Elements.
        let count: Int
    }

    /// A view of a storage.
    struct Tensor {
        let storage: Storage
        /// In elements, as `strides`.
        let offset: Int
        let shape: [Int]
        let strides: [Int]
    }

    /// Objects of Python that lists, dictionaries and tuples of a pickle may be.
    indirect enum Value {
        case none
        case bool(Bool)
        case integer(Int)
        case number
        case text(String)
        case name(Name)
        case tuple([Value], depth: Int)
        case list(Container)
        case dictionary(Container)
        case storage(Storage)
        case tensor(Tensor)
    }

    /// What a list or a dictionary holds, which is filled after others have taken hold of it.
    final class Container {
        var values: [Value] = []
        /// Of a dictionary, one for each value.
        var keys: [Value] = []
    }

    /// The names that a pickle of tensors has.
    enum Name: Equatable {
        case storage(ElementType)
        case rebuildTensor
        case rebuildParameter
        case orderedDictionary
    }

    private let file: String
    private let bytes: LittleEndianBytes
    /// Where the next instruction is.
    private(set) var place: Int
    private var stack: [Value] = []
    /// Heights of the stack.
    private var marks: [Int] = []
    private var memo: [Int: Value] = [:]
    private var containers: [Container] = []
    /// Tuples, lists and dictionaries made so far.
    private var count = 0
    private(set) var storages: [Storage] = []

    /// Forty thousand tensors.
    static let byteLimit = 4 << 20
    private static let objectLimit = 1 << 18
    /// Tuples in tuples.
    private static let depthLimit = 32

    /// Starts before the first instruction of a pickle.
    init(_ bytes: [UInt8], at place: Int = 0, file: String) {
        self.bytes = LittleEndianBytes(bytes)
        self.place = place
        self.file = file
    }

    /// Reads one pickle, up to its end, and hands on what it makes.
    ///
    /// - Parameter body: given the object; what it holds is gone afterwards.
    /// - Returns: what `body` returns.
    /// - Throws: `malformedArchive` where the instructions do not add up, `unsupportedFormat` for an instruction or a name that
    ///   tensors do not need.
    mutating func read<Result>(
        _ body: (Value) throws(CheckpointError) -> Result
    ) throws(CheckpointError) -> Result {
        // Containers may hold each other in a circle, or in a chain as long as the pickle.
        defer {
            (stack, marks, memo) = ([], [], [:])
            for container in containers { (container.values, container.keys) = ([], []) }
            containers = []
        }
        while let code = bytes[place] {
            let start = place
            place += 1
            if code == UInt8(ascii: ".") { return try body(try pop()) }
            try perform(code, at: start)
        }
        throw malformed("a pickle without an end")
    }

    private mutating func perform(_ code: UInt8, at start: Int) throws(CheckpointError) {
        switch code {
        case 0x80:
            guard try integer(1) == 2 else {
                throw unsupported("a pickle of another protocol than 2", at: start)
            }
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "K"): stack.append(.integer(try integer(1)))
        case UInt8(ascii: "M"): stack.append(.integer(try integer(2)))
        case UInt8(ascii: "J"):
            stack.append(.integer(Int(Int32(truncatingIfNeeded: try integer(4)))))
        case 0x8A: stack.append(.integer(try long()))
        case UInt8(ascii: "G"):
            place += 8
            stack.append(.number)
        case UInt8(ascii: "X"): stack.append(.text(try text(try integer(4))))
        case UInt8(ascii: "U"): stack.append(.text(try text(try integer(1))))
        case UInt8(ascii: "c"): stack.append(.name(try name(at: start)))
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: ")"): try push([])
        case 0x85: try push(try pop(1))
        case 0x86: try push(try pop(2))
        case 0x87: try push(try pop(3))
        case UInt8(ascii: "t"): try push(try popToMark())
        case UInt8(ascii: "]"): stack.append(.list(try container()))
        case UInt8(ascii: "}"): stack.append(.dictionary(try container()))
        case UInt8(ascii: "a"): try append(try pop(1))
        case UInt8(ascii: "e"): try append(try popToMark())
        case UInt8(ascii: "s"): try set(try pop(2))
        case UInt8(ascii: "u"): try set(try popToMark())
        case UInt8(ascii: "q"): try memoize(try integer(1))
        case UInt8(ascii: "r"): try memoize(try integer(4))
        case UInt8(ascii: "h"): stack.append(try recall(try integer(1)))
        case UInt8(ascii: "j"): stack.append(try recall(try integer(4)))
        case UInt8(ascii: "Q"): stack.append(.storage(try storage(try pop())))
        case UInt8(ascii: "R"): try call()
        case UInt8(ascii: "b"):
            // The attributes of an ordered dictionary, such as the versions of modules.
            _ = try pop()
            guard case .dictionary? = stack.last else {
                throw unsupported("an object with attributes", at: start)
            }
        default: throw unsupported("the instruction \(code)", at: start)
        }
    }
}

// Reading.
extension TensorPickle {
    private mutating func integer(_ length: Int) throws(CheckpointError) -> Int {
        guard let value = bytes.integer(at: place, length) else {
            throw malformed("a pickle that breaks off")
        }
        place += length
        return value
    }

    /// A number with sign of up to 8 bytes.
    private mutating func long() throws(CheckpointError) -> Int {
        let length = try integer(1)
        guard length <= 8 else { throw malformed("a number of \(length) bytes") }
        var value: UInt64 = 0
        var last: UInt8 = 0
        for index in 0..<length {
            last = UInt8(try integer(1))
            value |= UInt64(last) << (8 * UInt64(index))
        }
        if last >= 0x80, length < 8 { value |= UInt64.max << (8 * UInt64(length)) }
        return Int(Int64(bitPattern: value))
    }

    private mutating func text(_ length: Int) throws(CheckpointError) -> String {
        guard let text = bytes.text(at: place, length) else {
            throw malformed("a text that breaks off or is no UTF-8")
        }
        place += length
        return text
    }

    private mutating func line() throws(CheckpointError) -> String {
        let start = place
        while let byte = bytes[place], byte != UInt8(ascii: "\n"), place - start < 256 {
            place += 1
        }
        guard bytes[place] == UInt8(ascii: "\n"), let line = bytes.text(at: start, place - start)
        else { throw malformed("a name that does not end") }
        place += 1
        return line
    }

    private mutating func name(at start: Int) throws(CheckpointError) -> Name {
        let module = try line()
        let name = try line()
        switch (module, name) {
        case ("collections", "OrderedDict"): return .orderedDictionary
        case ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor"):
            return .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"): return .rebuildParameter
        case ("torch", "FloatStorage"): return .storage(.float32)
        case ("torch", "HalfStorage"): return .storage(.float16)
        case ("torch", "BFloat16Storage"): return .storage(.bfloat16)
        case ("torch", "DoubleStorage"): return .storage(.float64)
        case ("torch", "LongStorage"): return .storage(.int64)
        case ("torch", "IntStorage"): return .storage(.int32)
        case ("torch", "ShortStorage"): return .storage(.int16)
        case ("torch", "CharStorage"): return .storage(.int8)
        case ("torch", "ByteStorage"): return .storage(.uint8)
        case ("torch", "BoolStorage"): return .storage(.bool)
        default:
            throw unsupported("the name \(CheckpointError.quoted("\(module).\(name)"))", at: start)
        }
    }

    private func malformed(_ found: String) -> CheckpointError {
        CheckpointError(
            .malformedArchive, file: file, found: "\(found), at byte \(place)",
            expected: "a pickle of tensors, as torch.save writes it")
    }

    private func unsupported(_ found: String, at place: Int) -> CheckpointError {
        CheckpointError(
            .unsupportedFormat, file: file, found: "\(found) in a pickle, at byte \(place)",
            expected:
                "tensors by name alone, as torch.save writes a state_dict; nothing else is ever run or read"
        )
    }
}

// The stack.
extension TensorPickle {
    private mutating func pop() throws(CheckpointError) -> Value {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else {
            throw malformed("a stack that is empty")
        }
        return value
    }

    private mutating func pop(_ count: Int) throws(CheckpointError) -> [Value] {
        guard stack.count - (marks.last ?? 0) >= count else {
            throw malformed("a stack that is empty")
        }
        let values = Array(stack.suffix(count))
        stack.removeLast(count)
        return values
    }

    private mutating func popToMark() throws(CheckpointError) -> [Value] {
        guard let mark = marks.popLast(), mark <= stack.count else { throw malformed("no mark") }
        let values = Array(stack[mark...])
        stack.removeSubrange(mark...)
        return values
    }

    private mutating func countObject() throws(CheckpointError) {
        count += 1
        guard count <= Self.objectLimit else {
            throw malformed("more than \(Self.objectLimit) objects")
        }
    }

    private mutating func push(_ values: [Value]) throws(CheckpointError) {
        try countObject()
        let depth = values.map { if case .tuple(_, let depth) = $0 { depth } else { 0 } }.max() ?? 0
        guard depth < Self.depthLimit else {
            throw malformed("tuples within tuples, \(Self.depthLimit) deep")
        }
        stack.append(.tuple(values, depth: depth + 1))
    }

    private mutating func container() throws(CheckpointError) -> Container {
        try countObject()
        let container = Container()
        containers.append(container)
        return container
    }

    private mutating func append(_ values: [Value]) throws(CheckpointError) {
        guard case .list(let list)? = stack.last else { throw malformed("no list to append to") }
        list.values += values
    }

    private mutating func set(_ pairs: [Value]) throws(CheckpointError) {
        guard case .dictionary(let dictionary)? = stack.last, pairs.count.isMultiple(of: 2) else {
            throw malformed("no dictionary to set a key of")
        }
        for index in stride(from: 0, to: pairs.count, by: 2) {
            dictionary.keys.append(pairs[index])
            dictionary.values.append(pairs[index + 1])
        }
    }

    private mutating func memoize(_ number: Int) throws(CheckpointError) {
        guard let value = stack.last else { throw malformed("a stack that is empty") }
        memo[number] = value
    }

    private func recall(_ number: Int) throws(CheckpointError) -> Value {
        guard let value = memo[number] else { throw malformed("an object that is not there") }
        return value
    }
}

// Objects.
extension TensorPickle {
    /// `("storage", type, key, location, number of elements)`, in older files with `None` behind.
    private mutating func storage(_ identity: Value) throws(CheckpointError) -> Storage {
        guard case .tuple(let values, _) = identity, values.count == 5 || values.count == 6,
            case .text("storage") = values[0], case .name(.storage(let type)) = values[1],
            case .text(let key) = values[2], case .text = values[3],
            case .integer(let count) = values[4], count >= 0
        else { throw malformed("a persistent id that is no storage") }
        if values.count == 6 {
            guard case .none = values[5] else { throw malformed("a view of a storage") }
        }
        let storage = Storage(elementType: type, key: key, count: count)
        storages.append(storage)
        return storage
    }

    private mutating func call() throws(CheckpointError) {
        let arguments = try pop()
        guard case .tuple(let values, _) = arguments, case .name(let name) = try pop() else {
            throw malformed("a call of what is no function")
        }
        switch name {
        case .orderedDictionary where values.isEmpty: stack.append(.dictionary(try container()))
        case .rebuildParameter where !values.isEmpty: stack.append(values[0])
        case .rebuildTensor where values.count >= 4:
            guard case .storage(let storage) = values[0], case .integer(let offset) = values[1],
                let shape = Self.dimensions(values[2]), let strides = Self.dimensions(values[3]),
                offset >= 0, shape.count == strides.count
            else { throw malformed("a tensor that is none") }
            stack.append(
                .tensor(Tensor(storage: storage, offset: offset, shape: shape, strides: strides)))
        default: throw malformed("a call with other arguments")
        }
    }

    private static func dimensions(_ value: Value) -> [Int]? {
        guard case .tuple(let values, _) = value, values.count <= 8 else { return nil }
        var dimensions: [Int] = []
        for value in values {
            guard case .integer(let dimension) = value, dimension >= 0 else { return nil }
            dimensions.append(dimension)
        }
        return dimensions
    }
}
