/// One of the things that a log line says: never text of the user.
public struct LogField: Sendable, Equatable {
    /// A value that keeps its type where the log is written for machines.
    public enum Value: Sendable, Equatable {
        /// A name, an id, or the reason of an error.
        case text(String)
        /// A count.
        case integer(Int)
        /// A quantity, finite, in the unit that the field's name ends with.
        case number(Double)
    }

    /// The name, in snake case.
    public let name: String
    /// The value.
    public let value: Value

    /// A field of these parts.
    public init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}
