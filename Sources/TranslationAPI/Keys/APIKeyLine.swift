import System

/// The reading of one line of a file of keys.
struct APIKeyLine {
    /// Nil for a line without a key.
    let key: APIKey?

    init(_ line: Substring, number: Int) throws(APIKeysError) {
        let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }
        guard let name = words.first else {
            key = nil
            return
        }
        guard !name.contains("=") else {
            throw APIKeysError(line: number, "must begin with a name, which has no `=`")
        }
        let fields = try Self.fields(words.dropFirst(), number)
        guard let digest = fields["sha256"].flatMap(Self.digest) else {
            throw APIKeysError(
                line: number, "\(name) needs sha256= and 64 hexadecimal digits behind it")
        }
        key = APIKey(
            name: String(name), digest: digest,
            limit: try Self.limit(rate: fields["rate"], burst: fields["burst"], number),
            isAdmin: try Self.isAdmin(fields["role"], number),
            maximumRisk: try Self.risk(fields["max_risk"], number))
    }

    private static func risk(_ text: Substring?, _ number: Int) throws(APIKeysError) -> Double? {
        guard let text else { return nil }
        guard let risk = Double(text), risk >= 0, risk < 1 else {
            throw APIKeysError(
                line: number,
                "max_risk= must be at least 0 and below 1; given \(text.prefix(64))")
        }
        return risk
    }

    private static func isAdmin(_ role: Substring?, _ number: Int) throws(APIKeysError) -> Bool {
        guard let role else { return false }
        guard role == "admin" else {
            throw APIKeysError(line: number, "role= must be admin; given \(role.prefix(64))")
        }
        return true
    }

    private static func fields(
        _ words: ArraySlice<Substring>, _ number: Int
    ) throws(APIKeysError) -> [String: Substring] {
        var fields: [String: Substring] = [:]
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard parts.count == 2, ["sha256", "rate", "burst", "role", "max_risk"].contains(name),
                fields.updateValue(parts[1], forKey: name) == nil
            else {
                // What stands there may be a key.
                throw APIKeysError(
                    line: number,
                    "may hold sha256=, rate=, burst=, role= and max_risk= behind the name, once each, and nothing else"
                )
            }
        }
        return fields
    }

    private static func digest(_ text: Substring) -> [UInt8]? {
        text.utf8.count == 64 ? Hexadecimal.bytes(text.utf8) : nil
    }

    private static func limit(
        rate: Substring?, burst: Substring?, _ number: Int
    ) throws(APIKeysError) -> RateLimit? {
        guard let rate else {
            guard burst == nil else { throw APIKeysError(line: number, "burst= needs rate=") }
            return nil
        }
        guard let limit = RateLimit(String(rate)) else {
            throw APIKeysError(
                line: number, "rate= must be \(RateLimit.notation); given \(rate.prefix(64))")
        }
        guard let burst else { return limit }
        guard let count = Int(burst), let limit = limit.allowing(burst: count) else {
            throw APIKeysError(
                line: number,
                "burst= must be 1 to \(RateLimit.largestCount); given \(burst.prefix(64))")
        }
        return limit
    }
}
