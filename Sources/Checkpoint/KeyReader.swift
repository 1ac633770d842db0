import JSON

/// Reads a checkpoint's JSON files into objects.
enum JSONFile {
    /// Parses a text whose outermost value has to be an object.
    static func object(_ bytes: [UInt8], file: String) throws(CheckpointError) -> JSONObject {
        try KeyReader(file: file, path: nil, value: try value(bytes, file: file)).object
    }

    /// Parses a text whose outermost value has to be an array.
    static func array(_ bytes: [UInt8], file: String) throws(CheckpointError) -> [JSONValue] {
        let value = try value(bytes, file: file)
        guard let array = value.arrayValue else {
            throw CheckpointError(
                .wrongType, file: file, found: value.kind, expected: "an array")
        }
        return array
    }

    private static func value(_ bytes: [UInt8], file: String) throws(CheckpointError) -> JSONValue {
        do {
            return try JSON.parse(bytes)
        } catch {
            throw CheckpointError(
                .malformedJSON, file: file, found: "\(error)", expected: "strict JSON")
        }
    }
}

/// Typed access to an object's keys; every failure names file and key.
struct KeyReader {
    let file: String
    /// Where the object is in the file, nil for the outermost.
    let path: String?
    let object: JSONObject

    init(file: String, path: String? = nil, object: JSONObject) {
        self.file = file
        self.path = path
        self.object = object
    }

    init(file: String, path: String?, value: JSONValue) throws(CheckpointError) {
        guard let object = value.objectValue else {
            throw CheckpointError(
                .wrongType, file: file, subject: path, found: value.kind, expected: "an object")
        }
        self.init(file: file, path: path, object: object)
    }

    func subject(_ key: String) -> String { path.map { "\($0).\(key)" } ?? key }

    func fault(
        _ code: CheckpointError.Code, _ key: String, found: String, expected: String
    ) -> CheckpointError {
        CheckpointError(code, file: file, subject: subject(key), found: found, expected: expected)
    }

    /// The value of a key; nil where it is absent or `null`, which Hugging Face writes for unset.
    func value(_ key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    /// Takes a key that may be absent through a conversion that fails on another kind of value.
    func optional<Value>(
        _ key: String, _ expected: String, _ convert: (JSONValue) -> Value?
    ) throws(CheckpointError) -> Value? {
        guard let value = value(key) else { return nil }
        guard let converted = convert(value) else {
            throw fault(.wrongType, key, found: value.kind, expected: expected)
        }
        return converted
    }

    func required<Value>(_ key: String, _ value: Value?) throws(CheckpointError) -> Value {
        guard let value else {
            throw fault(.keyMissing, key, found: "no such key", expected: "a value")
        }
        return value
    }

    func string(_ key: String) throws(CheckpointError) -> String {
        try required(key, try optionalString(key))
    }

    func optionalString(_ key: String) throws(CheckpointError) -> String? {
        try optional(key, "a string") { $0.stringValue }
    }

    func bool(_ key: String, default absent: Bool) throws(CheckpointError) -> Bool {
        try optional(key, "true or false") { $0.boolValue } ?? absent
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(CheckpointError) -> Int {
        try required(key, try optionalInteger(key, in: range))
    }

    func optionalInteger(
        _ key: String, in range: ClosedRange<Int>
    ) throws(CheckpointError) -> Int? {
        guard let value = try optional(key, "an integer", Self.integer) else { return nil }
        return try checked(key, value, in: range)
    }

    func integers(_ key: String, in range: ClosedRange<Int>) throws(CheckpointError) -> [Int] {
        let values = try required(key, try optional(key, "an array of integers", Self.integers))
        var checked: [Int] = []
        for value in values {
            checked.append(try self.checked(key, value, in: range))
        }
        return checked
    }

    /// A number in a range, as a double.
    func optionalNumber(
        _ key: String, in range: ClosedRange<Double>
    ) throws(CheckpointError) -> Double? {
        guard let value = try optional(key, "a number", { $0.doubleValue }) else { return nil }
        return try checked(key, value, in: range)
    }

    /// An array of numbers, each in a range.
    func optionalNumbers(
        _ key: String, in range: ClosedRange<Double>
    ) throws(CheckpointError) -> [Double]? {
        let converted = try optional(key, "an array of numbers", Self.numbers)
        for value in converted ?? [] {
            _ = try checked(key, value, in: range)
        }
        return converted
    }

    /// One of an enumeration's names.
    func optionalCase<Value: RawRepresentable & CaseIterable>(
        _ key: String, of type: Value.Type
    ) throws(CheckpointError) -> Value? where Value.RawValue == String {
        guard let name = try optionalString(key) else { return nil }
        guard let value = Value(rawValue: name) else {
            throw fault(
                .unsupportedValue, key, found: CheckpointError.quoted(name),
                expected: "one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }

    /// The object under a key, for reading its keys in turn.
    func optionalObject(_ key: String) throws(CheckpointError) -> KeyReader? {
        guard let value = value(key) else { return nil }
        return try KeyReader(file: file, path: subject(key), value: value)
    }

    private func checked<Number: Comparable>(
        _ key: String, _ value: Number, in range: ClosedRange<Number>
    ) throws(CheckpointError) -> Number {
        guard range.contains(value) else {
            throw fault(
                .outOfRange, key, found: "\(value)",
                expected: "a value from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private static func integer(_ value: JSONValue) -> Int? {
        value.integerValue.flatMap { Int(exactly: $0) }
    }

    private static func integers(_ value: JSONValue) -> [Int]? {
        guard let elements = value.arrayValue else { return nil }
        let integers = elements.compactMap(Self.integer)
        return integers.count == elements.count ? integers : nil
    }

    private static func numbers(_ value: JSONValue) -> [Double]? {
        guard let elements = value.arrayValue else { return nil }
        let numbers = elements.compactMap(\.doubleValue)
        return numbers.count == elements.count ? numbers : nil
    }
}
