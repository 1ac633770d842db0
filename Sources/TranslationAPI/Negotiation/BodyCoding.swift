import Compression
import HTTPTypes

/// Undoes the coding of a request's body (RFC 9110 §8.4).
enum BodyCoding {
    /// The body as it was before.
    ///
    /// - Parameters:
    ///   - body: as it came.
    ///   - coding: Content-Encoding.
    ///   - limit: bytes that it may become.
    /// - Returns: the body without its coding.
    /// - Throws: a coding that is not served, named with those that are; a body that is too large or broken.
    static func decode(_ body: [UInt8], coding: String?, limit: Int) throws(Problem) -> [UInt8] {
        // Entries that change nothing do no harm.
        let codings = WeightedList(coding ?? "").items.map(\.name).filter { $0 != "identity" }
        switch codings {
        case []: return body
        case ["gzip"], ["x-gzip"]: return try inflate(body, limit)
        default:
            throw Problem(
                .unsupportedMediaType, "the content coding of the body must be gzip or none",
                // RFC 9110 §15.5.16.
                fields: [.acceptEncoding: "gzip"])
        }
    }

    private static func inflate(_ body: [UInt8], _ limit: Int) throws(Problem) -> [UInt8] {
        do {
            return try Gzip.decompress(body, limit: limit)
        } catch .tooLarge {
            throw Problem(.contentTooLarge, "the body unpacks to more than \(limit) bytes")
        } catch .noMemory {
            throw Problem(.overloaded, "there is no memory to unpack the body; try again later")
        } catch {
            throw Problem(.malformedRequest, "the body is not gzip: \(error)")
        }
    }
}
