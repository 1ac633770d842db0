/// A recursive-descent parser over bytes that are known to be UTF-8 after `parseText` has begun.
struct JSONParser {
    let bytes: [UInt8]
    let limits: JSON.Limits
    var position = 0
    private var depth = 0

    init(bytes: [UInt8], limits: JSON.Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// JSON-text = ws value ws (RFC 8259 §2).
    mutating func parseText() throws(JSONError) -> JSONValue {
        try checkEncoding()
        skipWhitespace()
        let value = try parseValue()
        skipWhitespace()
        guard position == bytes.count else { throw error(.trailingBytes) }
        return value
    }

    func error(_ cause: JSONError.Cause, at offset: Int? = nil) -> JSONError {
        JSONError(cause: cause, offset: offset ?? position, in: bytes)
    }

    /// The byte at the position, or nil at the end.
    var current: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// Fails at the end as a text that is cut off, elsewhere as one that is wrong.
    func unexpected(_ expected: String) -> JSONError {
        current == nil
            ? error(.unexpectedEnd) : error(.unexpectedCharacter(expected: expected))
    }

    private func checkEncoding() throws(JSONError) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw error(.byteOrderMark, at: 0)
        }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch let fault {
            throw error(.invalidUTF8, at: fault.byteOffsets.lowerBound)
        }
    }

    private mutating func parseValue() throws(JSONError) -> JSONValue {
        guard let byte = current else { throw error(.unexpectedEnd) }
        switch byte {
        case UInt8(ascii: "{"): return .object(try parseObject())
        case UInt8(ascii: "["): return .array(try parseArray())
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseLiteral("true", .bool(true))
        case UInt8(ascii: "f"): return try parseLiteral("false", .bool(false))
        case UInt8(ascii: "n"): return try parseLiteral("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
        default: throw unexpected("a value")
        }
    }

    private mutating func parseLiteral(
        _ literal: StaticString, _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        for byte in "\(literal)".utf8 {
            guard current == byte else { throw unexpected("the literal \(literal)") }
            position += 1
        }
        return value
    }

    private mutating func enter() throws(JSONError) {
        guard depth < limits.maximumDepth else {
            throw error(.nestingTooDeep(limit: limits.maximumDepth))
        }
        depth += 1
        position += 1
        skipWhitespace()
    }

    private mutating func leave() {
        depth -= 1
        position += 1
    }

    private mutating func parseArray() throws(JSONError) -> [JSONValue] {
        try enter()
        var elements: [JSONValue] = []
        if current == UInt8(ascii: "]") {
            leave()
            return elements
        }
        while true {
            elements.append(try parseValue())
            if try endsList(with: UInt8(ascii: "]")) {
                leave()
                return elements
            }
        }
    }

    private mutating func parseObject() throws(JSONError) -> JSONObject {
        try enter()
        var members = MemberList()
        if current == UInt8(ascii: "}") {
            leave()
            return JSONObject([])
        }
        while true {
            let start = position
            guard current == UInt8(ascii: "\"") else { throw unexpected("a member name") }
            let name = try parseString()
            skipWhitespace()
            guard current == UInt8(ascii: ":") else { throw unexpected("a colon") }
            position += 1
            skipWhitespace()
            guard members.reserve(name) else { throw error(.duplicateKey(name), at: start) }
            members.append(name, try parseValue())
            if try endsList(with: UInt8(ascii: "}")) {
                leave()
                return JSONObject(members.members)
            }
        }
    }

    /// Steps over a comma to the next element, or says that the closing bracket is here.
    private mutating func endsList(with close: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        if current == close { return true }
        guard current == UInt8(ascii: ",") else {
            throw unexpected("a comma or \"\(Character(Unicode.Scalar(close)))\"")
        }
        position += 1
        skipWhitespace()
        return false
    }
}

/// Members so far, with the names hashed once there are too many to compare one by one.
private struct MemberList {
    private(set) var members: [JSONObject.Member] = []
    private var names: Set<ExactString> = []

    private static let comparedOneByOne = 16

    /// Whether no member has this name yet.
    mutating func reserve(_ name: String) -> Bool {
        let name = ExactString(name)
        if members.count < Self.comparedOneByOne {
            return !members.contains { ExactString($0.name) == name }
        }
        if members.count == Self.comparedOneByOne {
            names = Set(members.map { ExactString($0.name) })
        }
        return names.insert(name).inserted
    }

    mutating func append(_ name: String, _ value: JSONValue) {
        members.append(JSONObject.Member(name, value))
    }
}
