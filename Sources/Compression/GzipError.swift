/// Why bytes are not acceptable gzip data.
public enum GzipError: Error, Sendable, Equatable {
    /// The data does not begin with the two bytes of the format, 1F 8B.
    case notGzip
    /// The header asks for what RFC 1952 does not define: a method other than deflate, other flags.
    case unsupportedHeader
    /// The data ends inside a member, or holds none.
    case truncated
    /// The compressed data breaks RFC 1951.
    case corrupt
    /// The content or the header differs from its checksum.
    case checksumMismatch
    /// The content has another length than its member says.
    case lengthMismatch
    /// Something that is no member follows the last member.
    case trailingBytes
    /// There is no memory to work with: no fault of the data.
    case noMemory
    /// The content is longer than the limit, in bytes.
    case tooLarge(limit: Int)
}

extension GzipError: CustomStringConvertible {
    /// The fault in words.
    public var description: String {
        switch self {
        case .notGzip: "the data is not gzip: it does not begin with 1F 8B"
        case .unsupportedHeader: "the gzip header has a method or a flag that RFC 1952 lacks"
        case .truncated: "the gzip data ends before its last member does"
        case .corrupt: "the gzip data is corrupt"
        case .checksumMismatch: "the gzip data does not match its checksum"
        case .lengthMismatch: "the gzip data does not have the length that it states"
        case .trailingBytes: "bytes that are not gzip follow the gzip data"
        case .noMemory: "there is no memory to decompress with"
        case .tooLarge(let limit): "the gzip data decompresses to more than \(limit) bytes"
        }
    }
}
