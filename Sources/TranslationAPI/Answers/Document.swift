import Compression
import HTTPTypes
import HTTPWire

/// What a path holds until the server or its model changes: told apart by an entity tag.
public struct Document: Sendable {
    let bytes: [UInt8]
    /// The same by gzip, where it was compressed once for all.
    private let compressed: [UInt8]?
    let type: MediaType
    /// A weak one (RFC 9110 §8.8.1): the same for every content coding.
    let tag: String
    /// Besides type, tag and Cache-Control.
    let fields: HTTPFields

    init(
        _ bytes: [UInt8], compressed: [UInt8]? = nil, type: MediaType, fields: HTTPFields = [:]
    ) {
        self.bytes = bytes
        self.compressed = compressed
        self.type = type
        self.fields = fields
        tag = "W/\"\(Self.fingerprint(bytes))\""
    }

    /// Nothing, as a server has it that was not given the document.
    public static let none = Document([], type: .json)

    /// Whether it is nothing.
    var isEmpty: Bool { bytes.isEmpty }

    /// The OpenAPI document as YAML.
    public static func yaml(_ bytes: [UInt8]) -> Document {
        Document(bytes, compressed: Gzip.compress(bytes), type: .yaml)
    }

    /// The OpenAPI document as JSON.
    public static func json(_ bytes: [UInt8]) -> Document {
        Document(bytes, compressed: Gzip.compress(bytes), type: .json)
    }

    /// A page.
    ///
    /// - Parameters:
    ///   - bytes: HTML in UTF-8.
    ///   - policy: its Content-Security-Policy.
    ///   - version: the server's, for the page to show.
    /// - Returns: the page as a document.
    public static func page(
        _ bytes: [UInt8], policy: String, version: String = ""
    ) -> Document {
        let bytes = filled(bytes, "version", version)
        return Document(
            bytes, compressed: Gzip.compress(bytes), type: .html,
            fields: [.contentSecurityPolicy: policy, .xContentTypeOptions: "nosniff"])
    }

    /// The OpenAPI document as JSON, under another title: some clients take none but that of their interface.
    ///
    /// - Parameter title: plain characters.
    /// - Returns: the same where the document has no title.
    func titled(_ title: String) -> Document {
        guard let name = bytes.firstRange(of: Array("\"title\":\"".utf8)),
            let end = bytes[name.upperBound...].firstIndex(of: UInt8(ascii: "\""))
        else { return self }
        var bytes = bytes
        bytes.replaceSubrange(name.upperBound..<end, with: title.utf8)
        return .json(bytes)
    }

    /// A page as it is below a path that a proxy serves it at, and compressed as before.
    ///
    /// - Parameter prefix: a plain path.
    /// - Returns: the same where it has no place for a path.
    func below(_ prefix: String) -> Document {
        let bytes = Self.filled(bytes, "prefix", prefix)
        return Document(
            bytes, compressed: compressed == nil ? nil : Gzip.compress(bytes), type: type,
            fields: fields)
    }

    /// A page with the content of one of its `meta` elements, which was empty; the same where it has none of
    /// that name.
    private static func filled(_ page: [UInt8], _ name: String, _ content: String) -> [UInt8] {
        let place = Array("<meta name=\"\(name)\" content=\"".utf8)
        guard let found = page.firstRange(of: place) else { return page }
        var page = page
        page.insert(contentsOf: content.utf8, at: found.upperBound)
        return page
    }

    /// The answer to who may have it already.
    func response(to request: ServerRequest) -> ServerResponse {
        var response = ServerResponse(status: 200, fields: fields, body: bytes)
        response.fields[.contentType] = type.rawValue
        if let compressed, AcceptedCodings(request.fields).takesGzip {
            response.body = compressed
            response.fields[.contentEncoding] = "gzip"
        }
        if let known = request.fields[.ifNoneMatch], known == "*" || known.contains(opaqueTag) {
            response = ServerResponse(status: 304)
        }
        response.fields[.eTag] = tag
        response.fields[.cacheControl] = "no-cache"
        return response
    }

    /// The tag without its weakness, which does not count in this comparison (RFC 9110 §13.1.2); with its
    /// quotes it cannot be a part of another tag.
    private var opaqueTag: Substring { tag.dropFirst(2) }

    /// FNV-1a, 64 bits, in hexadecimal: tells versions of a document apart.
    private static func fingerprint(_ bytes: [UInt8]) -> String {
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x0100_0000_01b3
        }
        return String(hash, radix: 16)
    }
}

extension RequestContext {
    /// Gives a document, or tells that the client has it; a path whose document the server lacks is as good as
    /// unknown.
    func answer(_ document: Document) {
        guard !document.isEmpty else { return refuse(.unknownPath) }
        answer(document.response(to: request))
    }
}
