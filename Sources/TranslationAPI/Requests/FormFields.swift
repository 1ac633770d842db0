import System

/// A body of the type application/x-www-form-urlencoded (URL Standard §5.1).
struct FormFields {
    /// In their order, names unique.
    private(set) var members: [(name: String, value: String)] = []

    /// Most fields of a form, far more than any request has.
    private static let most = 32

    /// Reads a body; nil where an escape is broken, the text is not UTF-8, a name comes twice or there are
    /// too many.
    init?(_ bytes: [UInt8]) {
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard let name = Self.text(part[..<equals]),
                let value = Self.text(part[equals...].dropFirst()),
                members.count < Self.most, !members.contains(where: { $0.name == name })
            else { return nil }
            members.append((name, value))
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(Hexadecimal.value),
                    let low = rest.popFirst().flatMap(Hexadecimal.value)
                else { return nil }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }
}
