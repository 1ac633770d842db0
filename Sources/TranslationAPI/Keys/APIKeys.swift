/// One line of a file of keys.
struct APIKey: Sendable, Equatable {
    /// What the file calls its holder.
    let name: String
    /// SHA-256 of the key.
    let digest: [UInt8]
    /// Nil: as many requests as come.
    let limit: RateLimit?
    /// Whether it may load models and have them leave.
    let isAdmin: Bool
    /// The greatest δ that load may cost its requests; nil: the server's.
    let maximumRisk: Double?
}

/// The keys that requests may bring, known by their digests alone.
///
/// A file has a key in each line, `name sha256=HEX [rate=60/m] [burst=10] [role=admin] [max_risk=0.02]`: its holder,
/// the SHA-256 of the key in 64 hexadecimal digits, how many requests are answered in a second (`s`), minute
/// (`m`) or hour (`h`), how many of them may come at once, as many as the rate's number unless told,
/// whether it may load models and have them leave, and the greatest δ of a certificate that load may lead
/// its requests to. Empty lines and what follows `#` are comments.
public struct APIKeys: Sendable {
    let keys: [APIKey]
    /// How many there are.
    public var count: Int { keys.count }
    private let digest: @Sendable ([UInt8]) -> [UInt8]

    /// Reads the text of a file.
    ///
    /// - Parameters:
    ///   - text: the whole file.
    ///   - digest: SHA-256.
    /// - Throws: the first line that is at fault; a file without keys is at fault, too, for it would
    ///   shut everybody out.
    public init(
        _ text: String, digest: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) throws(APIKeysError) {
        var keys: [APIKey] = []
        // By name and by digest, so that a file of many keys is read in linear time.
        var indices: (names: [String: Int], digests: [[UInt8]: Int]) = ([:], [:])
        let empty = digest([])
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            guard let key = try APIKeyLine(line, number: index + 1).key else { continue }
            guard key.digest != empty else {
                throw APIKeysError(
                    line: index + 1, "has the digest of the empty text, which is no key")
            }
            if let same = indices.names[key.name] ?? indices.digests[key.digest] {
                let other = keys[same]
                let shared = other.name == key.name ? "name" : "key"
                throw APIKeysError(
                    line: index + 1, "has the \(shared) of \(other.name), which comes earlier")
            }
            indices.names[key.name] = keys.count
            indices.digests[key.digest] = keys.count
            keys.append(key)
        }
        guard !keys.isEmpty else {
            throw APIKeysError(line: lines.count, "the file has no key")
        }
        self.keys = keys
        self.digest = digest
    }

    /// The entry of a key, nil where there is none.
    ///
    /// Digests are compared to their last byte and to the last entry, so that the time that it takes says
    /// nothing about what a near miss looks like.
    func entry(of key: String) -> APIKey? {
        guard !key.isEmpty else { return nil }
        let given = digest(Array(key.utf8))
        var found: APIKey?
        for entry in keys where Self.areEqual(entry.digest, given) { found = entry }
        return found
    }

    private static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && zip(a, b).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// What is wrong with a file of keys.
public struct APIKeysError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int
    /// What is wrong there.
    public let detail: String

    init(line: Int, _ detail: String) {
        self.line = line
        self.detail = detail
    }

    /// Line and detail.
    public var description: String { "line \(line): \(detail)" }
}
