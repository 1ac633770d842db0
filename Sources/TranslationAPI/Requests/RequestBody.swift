import HTTPTypes
import HTTPWire
import JSON

/// The body of a request as an object, whatever it was written in.
struct RequestBody: Sendable {
    let object: JSONObject
    /// Whether it was a form: then all values are strings.
    let isForm: Bool

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - request: whose body it is.
    ///   - limits: how large it may become.
    ///   - types: media types that the route takes, `json` and possibly `form`.
    /// - Throws: another type or coding, a body that is too large or malformed.
    init(
        _ request: ServerRequest, limits: APILimits, types: [MediaType] = [.json]
    ) throws(Problem) {
        guard let type = MediaType(contentTypeOf: request.fields), types.contains(type) else {
            let names = types.map(\.rawValue).joined(separator: " or ")
            throw Problem(.unsupportedMediaType, "the body must be \(names)")
        }
        let bytes = try BodyCoding.decode(
            request.body, coding: request.fields[.contentEncoding],
            limit: limits.maximumInflatedBytes)
        isForm = type == .form
        object = try isForm ? Self.form(bytes) : Self.json(bytes)
    }

    private static func json(_ bytes: [UInt8]) throws(Problem) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSON.parse(bytes)
        } catch {
            throw Problem(.invalidJSON, error.withoutNames)
        }
        guard let object = value.objectValue else {
            throw Problem(.wrongType, "the body must be an object; given \(value.kind)")
        }
        return object
    }

    private static func form(_ bytes: [UInt8]) throws(Problem) -> JSONObject {
        guard !looksLikeJSON(bytes) else {
            throw Problem(
                .malformedRequest,
                "the body looks like JSON and came as a form; send it with "
                    + "Content-Type: application/json")
        }
        guard let fields = FormFields(bytes) else {
            throw Problem(
                .malformedRequest,
                "the form must be percent-encoded UTF-8 with each name once (a JSON body needs "
                    + "Content-Type: application/json)")
        }
        return JSONObject(fields.members.map { .init($0.name, .string($0.value)) })
    }
    /// Whether a body begins as an object or an array does: no field of a form has a name like that.
    private static func looksLikeJSON(_ bytes: [UInt8]) -> Bool {
        let first = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }
}

extension JSONError {
    /// What is wrong and where, without the client's names.
    fileprivate var withoutNames: String {
        guard case .duplicateKey = cause else { return description }
        return "line \(line), column \(column): two members of an object have the same name"
    }
}
