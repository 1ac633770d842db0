import FormData
import HTTPTypes
import HTTPWire
import JSON

/// The fields of a request as an object, whatever they were written in: JSON, a form of either type, or the query.
struct RequestBody: Sendable {
    /// The fields; all values are strings where it is textual, or arrays of strings for those that may be repeated.
    let object: JSONObject
    /// Whether it was a form or a query, which know no types.
    let isTextual: Bool
    /// The files of a form.
    let files: [FormFile]

    /// What a route takes.
    struct Shape {
        /// Media types of its body.
        var types: [MediaType] = [.json]
        /// Whether the query has fields, too: beside those of a form, or alone where there is no body.
        var takesQuery = false
        /// Whether a request may have no fields at all.
        var takesNothing = false
        /// Fields that a form may repeat.
        var lists: Set<String> = []

        /// JSON alone.
        static let json = Shape()
        /// All that LibreTranslate's clients send.
        static let libreTranslate = Shape(types: [.json, .form, .multipart], takesQuery: true)
    }

    /// Reads the fields of a request.
    ///
    /// - Parameters:
    ///   - request: whose fields they are.
    ///   - limits: how large a body may become.
    ///   - shape: what the route takes.
    /// - Throws: another type or coding, a body that is too large or malformed.
    init(
        _ request: ServerRequest, limits: APILimits, shape: Shape = .json
    ) throws(Problem) {
        var formLimits = FormLimits()
        formLimits.fields = max(formLimits.fields, limits.maximumTexts + 32)
        if shape.takesQuery, request.body.isEmpty, let query = request.query, query.contains("=") {
            try self.init(fields: Self.query(query, formLimits), files: [], shape)
            return
        }
        if shape.takesNothing, request.body.isEmpty {
            try self.init(fields: [], files: [], shape)
            return
        }
        guard let type = MediaType(contentTypeOf: request.fields), shape.types.contains(type) else {
            let names = shape.types.map(\.rawValue).joined(separator: " or ")
            throw Problem(.unsupportedMediaType, "the body must be \(names)")
        }
        let bytes = try BodyCoding.decode(
            request.body, coding: request.fields[.contentEncoding],
            limit: limits.maximumInflatedBytes)
        let query = shape.takesQuery ? try Self.query(request.query ?? "", formLimits) : []
        switch type {
        case .form: try self.init(fields: Self.form(bytes, formLimits) + query, files: [], shape)
        case .multipart:
            let form = try Self.multipart(
                bytes, request.fields[.contentType] ?? "", formLimits)
            try self.init(fields: form.fields + query, files: form.files, shape)
        default: self.init(object: try Self.json(bytes), isTextual: false, files: [])
        }
    }

    /// The object that fields of forms make; those that may be repeated are arrays.
    private init(fields: [FormField], files: [FormFile], _ shape: Shape) throws(Problem) {
        var members: [JSONObject.Member] = []
        var names: Set<String> = []
        var lists: [String: [JSONValue]] = [:]
        for field in fields {
            if shape.lists.contains(field.name) {
                lists[field.name, default: []].append(.string(field.value))
                continue
            }
            guard names.insert(field.name).inserted else {
                throw Problem(
                    .malformedRequest,
                    "a form and its query may have each name once"
                        + (shape.lists.isEmpty
                            ? "" : ", but \(shape.lists.sorted().joined(separator: ", "))"))
            }
            members.append(.init(field.name, .string(field.value)))
        }
        members += shape.lists.sorted().compactMap { name in
            lists[name].map { .init(name, .array($0)) }
        }
        self.init(object: JSONObject(members), isTextual: true, files: files)
    }

    private init(object: JSONObject, isTextual: Bool, files: [FormFile]) {
        self.object = object
        self.isTextual = isTextual
        self.files = files
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

    private static func form(
        _ bytes: [UInt8], _ limits: FormLimits
    ) throws(Problem) -> [FormField] {
        guard !looksLikeJSON(bytes) else {
            throw Problem(
                .malformedRequest,
                "the body looks like JSON and came as a form; send it with "
                    + "Content-Type: application/json")
        }
        do {
            return try URLEncodedForm(bytes, limits: limits).fields
        } catch {
            throw Problem(
                .malformedRequest, "\(error) (a JSON body needs Content-Type: application/json)")
        }
    }

    private static func query(
        _ text: String, _ limits: FormLimits
    ) throws(Problem) -> [FormField] {
        do {
            return try URLEncodedForm(text.utf8, limits: limits).fields
        } catch {
            throw Problem(.malformedRequest, "the query is no form: \(error)")
        }
    }

    private static func multipart(
        _ bytes: [UInt8], _ contentType: String, _ limits: FormLimits
    ) throws(Problem) -> MultipartForm {
        do {
            return try MultipartForm(bytes, contentType: contentType, limits: limits)
        } catch {
            throw Problem(.malformedRequest, "\(error)")
        }
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
