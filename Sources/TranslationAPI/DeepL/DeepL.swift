import HTTPTypes
import HTTPWire
import JSON

/// What all of DeepL's API shares.
enum DeepL {
    /// The field that brings a key, as clients did before they sent `Authorization`.
    static let keyField = "auth_key"

    /// What DeepL's clients send: JSON, or a form, also as a query or as the body of GET.
    static let shape = RequestBody.Shape(
        types: [.json, .form, .multipart], takesQuery: true, takesNothing: true,
        lists: ["text", "glossary_ids", "ignore_tags", "non_splitting_tags", "splitting_tags"])

    /// How DeepL writes a language: in capitals.
    static func code(_ language: String?) -> String { language?.uppercased() ?? "" }

    /// A refusal as DeepL has it.
    static func response(to problem: Problem) -> ServerResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("message", problem.detail)
        writer.endObject()
        let status =
            switch problem.code.status {
            case 401: 403
            case 422: 400
            default: problem.code.status
            }
        var response = ServerResponse.json(writer, status: status)
        response.fields[.retryAfter] = problem.fields[.retryAfter]
        return response
    }
}
