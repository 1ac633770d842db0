/// Byte classes of RFC 9110 §5.6 and RFC 3986 §2.
enum ASCII {
    static let carriageReturn: UInt8 = 0x0D
    static let lineFeed: UInt8 = 0x0A
    static let space: UInt8 = 0x20
    static let tab: UInt8 = 0x09

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// A byte that no line may hold: controls other than the tab, and DEL.
    static func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != tab) || byte == 0x7F }

    static func isToken(_ byte: UInt8) -> Bool { tokens[Int(byte)] }

    static func isTargetByte(_ byte: UInt8) -> Bool { targets[Int(byte)] }

    /// unreserved and sub-delims, which a registered name is made of.
    static func isNameByte(_ byte: UInt8) -> Bool { names[Int(byte)] }

    /// What an IP literal between brackets may hold.
    static func isAddressByte(_ byte: UInt8) -> Bool {
        hex(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }

    static func lowercase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    static func hex(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte - 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }

    /// Without the blanks at both ends (OWS, RFC 9110 §5.6.3).
    static func trim(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return bytes
    }

    /// The elements of a comma-separated list in lower case, without the empty ones (RFC 9110 §5.6.1).
    static func list(_ value: ArraySlice<UInt8>) -> [String] {
        value.split(separator: UInt8(ascii: ",")).map { trim($0) }.filter { !$0.isEmpty }.map {
            String(decoding: $0.map(lowercase), as: UTF8.self)
        }
    }

    private static let tokens = table("!#$%&'*+-.^_`|~")
    private static let names = table("-._~!$&'()*+,;=")
    private static let targets = table("-._~!$&'()*+,;=:@/?")

    private static func table(_ marks: String) -> [Bool] {
        let marks = Array(marks.utf8)
        return (UInt8.min...UInt8.max).map { isDigit($0) || isLetter($0) || marks.contains($0) }
    }
}
