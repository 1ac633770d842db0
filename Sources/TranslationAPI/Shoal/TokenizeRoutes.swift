import Checkpoint
import HTTPTypes
import HTTPWire
import JSON
import Telemetry
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
    private typealias Elements = (inout JSONWriter) -> Void

    /// Reads a body and does what it asks for beside the event loop, since texts can be long.
    private func workOnBody(
        _ context: RequestContext,
        _ read:
            @escaping @Sendable (inout FieldReader, ServedModel, APILimits) throws(Problem) ->
            Elements
    ) {
        do {
            try complete(admission(byFieldsOf: context.request), of: context.request)
        } catch {
            return context.refuse(error)
        }
        workBeside(context) { [self] context in
            do throws(Problem) {
                let body = try RequestBody(context.request, limits: settings.limits)
                let catalog = try loadedService.catalog
                var reader = FieldReader(body.object)
                try reader.checkModel(catalog)
                let named = reader.peek("model").flatMap { catalog.model(named: $0) }
                let model = named ?? catalog.standard
                let elements = try read(&reader, model, settings.limits)
                context.answer(Self.answer(elements, of: model))
            } catch {
                context.refuse(error)
            }
        } orRefuse: { [rejected] error in
            if case .overloaded = error { rejected.labeled("overloaded").increment() }
            context.refuse(Problem(error))
        }
    }

    private static func answer(_ elements: Elements, of model: ServedModel) -> ServerResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("model", model.id)
        writer.name("texts")
        writer.beginArray()
        elements(&writer)
        writer.endArray()
        writer.endObject()
        return .json(writer)
    }
}

extension FieldReader {
    /// Ends the reading of a body that has faults.
    fileprivate func refuseFaults() throws(Problem) {
        let problems = finished()
        guard problems.isEmpty else { throw Problem(problems) }
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
        for (index, list) in lists.enumerated() {
            checkIDs(list, of: isNested ? "\(name)/\(index)" : name, model, limits)
        }
        return lists
    }

    private mutating func checkIDs(
        _ ids: [Int], of name: String, _ model: ServedModel, _ limits: APILimits
    ) {
        let size = model.checkpoint.configuration.targetVocabularySize
        if let id = ids.first(where: { !(0..<size).contains($0) }) {
            note(.outOfRange, name, "ids are 0 to \(size - 1); given \(id)")
        }
        if ids.count > limits.maximumCharacters {
            note(
                .textTooLong, name,
                "a text has at most \(limits.maximumCharacters) ids; given \(ids.count)")
        }
    }

    private static func integers(_ values: [JSONValue]) -> [Int]? {
        let integers = values.compactMap(\.wholeNumber)
        return integers.count == values.count ? integers : nil
    }
}
