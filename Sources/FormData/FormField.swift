/// A field of a form: a name and a text.
public struct FormField: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// Its value.
    public let value: String

    /// - Parameters:
    ///   - name: its name.
    ///   - value: its value.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A file of a form.
public struct FormFile: Sendable, Equatable {
    /// The name of the field that it came in.
    public let field: String
    /// What its sender calls it; empty where no file was chosen.
    public let name: String
    /// The media type that its sender gives it, as it is written; nil where none is given.
    public let type: String?
    /// What it holds.
    public let bytes: [UInt8]

    /// - Parameters:
    ///   - field: the name of its field.
    ///   - name: what it is called.
    ///   - type: its media type.
    ///   - bytes: what it holds.
    public init(field: String, name: String, type: String? = nil, bytes: [UInt8]) {
        self.field = field
        self.name = name
        self.type = type
        self.bytes = bytes
    }
}

/// How much of a form is read.
public struct FormLimits: Sendable, Equatable {
    /// Most fields and files of a form.
    public var fields = 128
    /// Most bytes of the fields in front of one part, its blank line included.
    public var headBytes = 4096

    /// The defaults.
    public init() {}
}

/// Why bytes are no form: what is wrong and what would be right, without any of them.
public struct FormError: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    init(_ description: String) { self.description = description }

    static func tooMany(_ limits: FormLimits) -> FormError {
        FormError("a form may have \(limits.fields) fields")
    }
}
