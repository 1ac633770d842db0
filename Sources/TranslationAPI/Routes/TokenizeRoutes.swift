import Checkpoint
import HTTPTypes
import HTTPWire
import JSON
import Tokenization
import TranslationService

extension TranslationAPI {
    /// POST /tokenize: the source ids and pieces of texts.
    func tokenize(_ context: RequestContext) {
        workOnBody(context) { reader, model, limits throws(Problem) in
            let texts = reader.texts("text", limits)
            try reader.refuseFaults()
            return { writer in
                let vocabulary = model.checkpoint.sourceVocabulary
                for text in texts {
                    let ids = model.tokenizer.encode(text)
                    writer.beginObject()
                    writer.name("ids")
                    writer.beginArray()
                    for id in ids { writer.value(id) }
                    writer.endArray()
                    writer.name("pieces")
                    writer.beginArray()
                    for id in ids { writer.value(vocabulary.piece(of: id) ?? "<unk>") }
                    writer.endArray()
                    writer.endObject()
                }
            }
        }
    }

    /// POST /detokenize: the texts of target ids.
    func detokenize(_ context: RequestContext) {
        workOnBody(context) { reader, model, limits throws(Problem) in
            let lists = reader.idLists("ids", model, limits)
            try reader.refuseFaults()
            return { writer in
                for ids in lists { writer.value(model.tokenizer.decode(ids)) }
            }
        }
    }

    /// Writes the elements of `texts`.
    private typealias Elements = @Sendable (inout JSONWriter) -> Void

    /// Reads a body here, and does what it asks for beside the event loop, since texts can be long.
    private func workOnBody(
        _ context: RequestContext,
        _ read: (inout FieldReader, ServedModel, APILimits) throws(Problem) -> Elements
    ) {
        do {
            try gate.admit(context.request.fields.presentedKey)
            let body = try RequestBody(context.request, limits: settings.limits)
            let model = try loadedService.model
            var reader = FieldReader(body.object)
            try reader.checkModel(model)
            let elements = try read(&reader, model, settings.limits)
            settings.clock.after(0) {
                var writer = JSONWriter()
                writer.beginObject()
                writer.member("model", model.id)
                writer.name("texts")
                writer.beginArray()
                elements(&writer)
                writer.endArray()
                writer.endObject()
                context.answer(.json(writer))
            }
        } catch {
            context.refuse(error)
        }
    }
}

extension FieldReader {
    /// Ends the reading of a body that has faults.
    fileprivate func refuseFaults() throws(Problem) {
        let problems = finished()
        guard problems.isEmpty else { throw Problem(InvalidRequest(problems)) }
    }

    /// Lists of target ids, or a single one; a fault is noted.
    fileprivate mutating func idLists(
        _ name: String, _ model: ServedModel, _ limits: APILimits
    ) -> [[Int]] {
        let wanted = "an array of ids or an array of such arrays"
        guard let value = value(name) else {
            note(.wrongType, name, "`\(name)` is required: \(wanted)")
            return []
        }
        let isNested = value.arrayValue?.first?.arrayValue != nil
        let lists = (isNested ? value.arrayValue ?? [] : [value]).compactMap { list in
            list.arrayValue.flatMap { Self.integers($0) }
        }
        guard lists.count == (isNested ? value.arrayValue?.count : 1) else {
            wrongType(name, wanted, value)
            return []
        }
        checkCount(lists.count, of: name, limits)
        let size = model.checkpoint.configuration.targetVocabularySize
        let known = 0..<size
        for (index, list) in lists.enumerated() {
            guard let id = list.first(where: { !known.contains($0) }) else { continue }
            note(
                .outOfRange, isNested ? "\(name)/\(index)" : name,
                "ids are 0 to \(size - 1); given \(id)")
        }
        return lists
    }

    private static func integers(_ values: [JSONValue]) -> [Int]? {
        let integers = values.compactMap(\.wholeNumber)
        return integers.count == values.count ? integers : nil
    }
}
