import System

/// Fields of the type application/x-www-form-urlencoded (URL Standard §5.1), as bodies and queries have them.
///
/// Stricter than the standard: a broken escape and text that is not UTF-8 are errors.
public struct URLEncodedForm: Sendable, Equatable {
    /// The fields in their order; a name may come several times.
    public let fields: [FormField]

    /// Reads a body or the query of a target, in time proportional to its length.
    ///
    /// - Parameters:
    ///   - bytes: the whole of it.
    ///   - limits: how many fields it may have.
    /// - Throws: what is wrong with it.
    public init(_ bytes: some Collection<UInt8>, limits: FormLimits = FormLimits())
        throws(FormError)
    {
        var fields: [FormField] = []
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            guard fields.count < limits.fields else { throw .tooMany(limits) }
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            fields.append(
                FormField(
                    try Self.text(part[..<equals]), try Self.text(part[equals...].dropFirst())))
        }
        self.fields = fields
    }

    private static func text(_ bytes: some Collection<UInt8>) throws(FormError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(Hexadecimal.value),
                    let low = rest.next().flatMap(Hexadecimal.value)
                else { throw FormError("a % of a form must have two hexadecimal digits behind it") }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self) else {
            throw FormError("the text of a form must be UTF-8")
        }
        return text
    }
}
