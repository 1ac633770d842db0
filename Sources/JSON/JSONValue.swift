/// A JSON value as RFC 8259 §3 defines it, with integers kept apart from other numbers.
public enum JSONValue: Sendable {
    /// The literal `null`.
    case null
    /// The literals `true` and `false`.
    case bool(Bool)
    /// A number written without fraction and exponent that fits in 64 bits, kept exactly.
    case integer(Int64)
    /// Every other number, rounded to the nearest double; always finite when it comes from parsing.
    case number(Double)
    /// A string; any Unicode scalar values, U+0000 among them.
    case string(String)
    /// The elements in their order.
    case array([JSONValue])
    /// The members in their order, names unique.
    case object(JSONObject)
}

extension JSONValue: Equatable {
    /// Whether kind and content agree, strings byte for byte; an integer never equals a number.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): ExactString(left) == ExactString(right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}

extension JSONValue {
    /// The boolean, or nil for any other kind of value.
    public var boolValue: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The exact integer, or nil for any other kind of value, `1.0` and `1e3` among them.
    public var integerValue: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// Any number as a double, integers rounded to the nearest; nil for any other kind of value.
    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The string, or nil for any other kind of value.
    public var stringValue: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The elements of an array, or nil for any other kind of value.
    public var arrayValue: [JSONValue]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    /// The object, or nil for any other kind of value.
    public var objectValue: JSONObject? {
        guard case .object(let value) = self else { return nil }
        return value
    }

    /// Whether the value is the literal `null`.
    public var isNull: Bool { self == .null }

    /// The kind of the value as an error message names it, for example "string" or "integer".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

/// The members of a JSON object in the order in which they were written.
public struct JSONObject: Sendable, Equatable {
    /// One name with its value.
    public struct Member: Sendable, Equatable {
        /// The name, unescaped.
        public let name: String
        /// The value.
        public let value: JSONValue

        /// Pairs a name with a value.
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }

        /// Whether names have the same bytes and values are equal.
        public static func == (left: Member, right: Member) -> Bool {
            ExactString(left.name) == ExactString(right.name) && left.value == right.value
        }
    }

    /// All members; names are unique when the object comes from parsing.
    public let members: [Member]

    /// Takes the members as they are; that their names are unique is the caller's duty.
    public init(_ members: [Member]) {
        self.members = members
    }

    /// The value of a name, compared byte for byte; nil where there is none.
    ///
    /// Costs O(members): large objects, vocabularies for example, are walked instead.
    public subscript(name: String) -> JSONValue? {
        members.first { ExactString($0.name) == ExactString(name) }?.value
    }
}
