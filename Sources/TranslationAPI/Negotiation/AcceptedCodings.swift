import Compression
import HTTPTypes
import HTTPWire

/// Which codings of an answer a client takes (Accept-Encoding, RFC 9110 §12.5.3).
struct AcceptedCodings {
    /// Bodies up to this size are sent as they are: what gzip saves there is less than a packet.
    static let smallestBody = 1 << 10

    let takesGzip: Bool

    init(_ fields: HTTPFields) {
        let codings = WeightedList(fields[.acceptEncoding] ?? "")
        // `x-gzip` is the same (RFC 9110 §8.4.1.3).
        takesGzip =
            codings.weight(of: "gzip") ?? codings.weight(of: "x-gzip") ?? codings.weight(of: "*")
            ?? 0 > 0
    }

    /// The answer, compressed where that is wanted and pays.
    func encode(_ response: ServerResponse) -> ServerResponse {
        var response = response
        response.fields.addVary("Accept-Encoding")
        guard takesGzip, response.body.count > Self.smallestBody,
            response.fields[.contentEncoding] == nil
        else { return response }
        response.body = Gzip.compress(response.body)
        response.fields[.contentEncoding] = "gzip"
        return response
    }
}
