/// A request target taken apart (RFC 9112 §3.2); authority-form, for CONNECT only, is not accepted.
struct RequestTarget {
    let path: String
    let query: String?
    /// Host and port of an absolute-form target, which overrides the Host field.
    let authority: String?

    init(_ bytes: ArraySlice<UInt8>, method: String) throws(HTTPFailure) {
        if bytes.elementsEqual("*".utf8), method == "OPTIONS" {
            (path, query, authority) = ("*", nil, nil)
            return
        }
        var rest = bytes
        authority = try Self.takeAuthority(&rest)
        let mark = rest.firstIndex(of: UInt8(ascii: "?"))
        let rawPath = rest[..<(mark ?? rest.endIndex)]
        path = rawPath.isEmpty && authority != nil ? "/" : try Self.decode(rawPath)
        guard let mark else {
            query = nil
            return
        }
        let rawQuery = rest[(mark + 1)...]
        try Self.checkCharacters(rawQuery)
        query = String(decoding: rawQuery, as: UTF8.self)
    }

    /// Removes "http://host" in front; an origin-form target has none and starts with a slash.
    private static func takeAuthority(_ rest: inout ArraySlice<UInt8>) throws(HTTPFailure)
        -> String?
    {
        if rest.first == UInt8(ascii: "/") { return nil }
        let prefixes = ["http://", "https://"]
        for prefix in prefixes where rest.count >= prefix.utf8.count {
            let head = rest.prefix(prefix.utf8.count)
            guard head.elementsEqual(prefix.utf8, by: { ASCII.lowercase($0) == $1 }) else {
                continue
            }
            rest = rest.dropFirst(prefix.utf8.count)
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
            let authority = rest[..<(end ?? rest.endIndex)]
            rest = rest[(end ?? rest.endIndex)...]
            guard HostField.isValid(authority) else {
                throw .malformed("The host in the request target is not valid.")
            }
            return String(decoding: authority, as: UTF8.self)
        }
        throw .malformed("The request target must be a path or an http URI.")
    }

    private static func checkCharacters(_ bytes: ArraySlice<UInt8>) throws(HTTPFailure) {
        var place = bytes.startIndex
        while place < bytes.endIndex {
            guard bytes[place] == UInt8(ascii: "%") else {
                guard ASCII.isTargetByte(bytes[place]) else {
                    throw .malformed("The request target has a character that a URI must encode.")
                }
                place += 1
                continue
            }
            guard place + 2 < bytes.endIndex, ASCII.hex(bytes[place + 1]) != nil,
                ASCII.hex(bytes[place + 2]) != nil
            else { throw .malformed("A % in the request target lacks its two hex digits.") }
            place += 3
        }
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) throws(HTTPFailure) -> String {
        guard bytes.first == UInt8(ascii: "/") else {
            throw .malformed("The path of the request target must start with a slash.")
        }
        try checkCharacters(bytes)
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var place = bytes.startIndex
        while place < bytes.endIndex {
            if bytes[place] == UInt8(ascii: "%"), let high = ASCII.hex(bytes[place + 1]),
                let low = ASCII.hex(bytes[place + 2])
            {
                decoded.append(high << 4 | low)
                place += 3
            } else {
                decoded.append(bytes[place])
                place += 1
            }
        }
        guard let path = String(validating: decoded, as: UTF8.self) else {
            throw .malformed("The percent-decoded path is not UTF-8.")
        }
        return path
    }
}

/// The value of a Host field: uri-host and an optional port (RFC 9110 §7.2, RFC 3986 §3.2.2).
enum HostField {
    static func isValid(_ value: ArraySlice<UInt8>) -> Bool {
        guard let first = value.first else { return false }
        let host: ArraySlice<UInt8>
        let rest: ArraySlice<UInt8>
        if first == UInt8(ascii: "[") {
            guard let end = value.firstIndex(of: UInt8(ascii: "]")) else { return false }
            host = value[(value.startIndex + 1)..<end]
            rest = value[(end + 1)...]
            guard host.allSatisfy(ASCII.isAddressByte) else { return false }
        } else {
            let end = value.firstIndex(of: UInt8(ascii: ":")) ?? value.endIndex
            host = value[..<end]
            rest = value[end...]
            guard isName(host) else { return false }
        }
        guard !host.isEmpty else { return false }
        guard let colon = rest.first else { return true }
        let port = rest.dropFirst()
        guard colon == UInt8(ascii: ":"), port.count <= 5, port.allSatisfy(ASCII.isDigit) else {
            return false
        }
        return port.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } <= 65_535
    }

    private static func isName(_ host: ArraySlice<UInt8>) -> Bool {
        var digitsDue = 0
        for byte in host {
            if digitsDue > 0 {
                guard ASCII.hex(byte) != nil else { return false }
                digitsDue -= 1
            } else if byte == UInt8(ascii: "%") {
                digitsDue = 2
            } else if !ASCII.isNameByte(byte) {
                return false
            }
        }
        return digitsDue == 0
    }
}
