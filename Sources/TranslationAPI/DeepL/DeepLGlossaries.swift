import HTTPTypes
import HTTPWire
import JSON
import LanguageTags
import TextPreparation
import TranslationService

extension TranslationAPI {
    /// Answers what is asked of glossaries, in either version of DeepL's API.
    func answerGlossaries(_ route: DeepLRoute, _ request: AdmittedRequest) throws(Problem) {
        let response: ServerResponse
        switch (route, request.context.request.method) {
        case (.glossaries(let version), "POST"): response = try create(version, request)
        case (.glossaries(let version), _): response = try list(version, request)
        case (.glossary(_, let id), "DELETE"):
            try request.readNothing()
            try glossaries.remove(id, for: request.holder)
            response = ServerResponse(status: 204)
        case (.glossary(_, let id), "PATCH"): response = try update(id, request)
        case (.glossary(let version, let id), _):
            try request.readNothing()
            let found = try glossaries.glossary(id, for: request.holder)
            response = try described(found, version)
        case (.entries(let version, let id), _): response = try entries(id, version, request)
        case (.dictionaries(let id), let method):
            response = try method == "DELETE" ? deleteDictionary(id, request) : replace(id, request)
        default: throw Problem.unknownPath
        }
        request.context.answer(response)
    }

    private func create(_ version: DeepLRoute.Version, _ request: AdmittedRequest) throws(Problem)
        -> ServerResponse
    {
        let pair = try languagePair
        var reader = FieldReader(request.body)
        let name = reader.required("name")
        if name?.isEmpty == true {
            reader.note(.outOfRange, "name", "`name` may not be empty")
        }
        let read: [ReadDictionary]
        switch version {
        case .two: read = [ReadDictionary(&reader, pair)].compactMap(\.self)
        case .three: read = try reader.dictionaries(pair)
        }
        try reader.finishAsDeepL()
        guard let name, read.count == 1 else { throw Self.oneDictionary(pair) }
        let made = try glossaries.add(
            name: name, languages: pair, read[0].glossary, for: request.holder)
        var response = try described(made, version)
        response.status = 201
        return response
    }

    private func list(_ version: DeepLRoute.Version, _ request: AdmittedRequest) throws(Problem)
        -> ServerResponse
    {
        try request.readNothing()
        let model = try loadedService.model
        // What version 2 calls a glossary has exactly one dictionary.
        let all = glossaries.all(for: request.holder).filter {
            version == .three || $0.glossary != nil
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("glossaries")
        writer.beginArray()
        for glossary in all { write(glossary, version, model, to: &writer) }
        writer.endArray()
        writer.endObject()
        return .json(writer)
    }

    /// The entries as tab-separated values: as they are in version 2, in an object in version 3.
    private func entries(
        _ id: String, _ version: DeepLRoute.Version, _ request: AdmittedRequest
    ) throws(Problem) -> ServerResponse {
        let found = try glossaries.glossary(id, for: request.holder)
        var reader = FieldReader(request.body)
        let pair = found.pair(try loadedService.model)
        let isAsked = version == .two || reader.names(pair: pair)
        try reader.finishAsDeepL()
        guard isAsked, let glossary = found.glossary else { throw Self.noDictionary }
        let text = GlossaryFormat.tabSeparated(glossary)
        guard version == .three else {
            return ServerResponse(
                status: 200, fields: [.contentType: MediaType.tabSeparated.rawValue],
                body: Array(text.utf8))
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("dictionaries")
        writer.beginArray()
        writer.beginObject()
        writer.member("source_lang", pair.source)
        writer.member("target_lang", pair.target)
        writer.member("entries", text)
        writer.member("entries_format", GlossaryFormat.tsv.rawValue)
        writer.endObject()
        writer.endArray()
        writer.endObject()
        return .json(writer)
    }

    /// PATCH: another name, and entries that are added or replace those of the same source.
    private func update(_ id: String, _ request: AdmittedRequest) throws(Problem) -> ServerResponse
    {
        let pair = try languagePair
        var reader = FieldReader(request.body)
        let name = reader.string("name")
        let read = reader.value("dictionaries") == nil ? [] : try reader.dictionaries(pair)
        try reader.finishAsDeepL()
        guard read.count <= 1 else { throw Self.oneDictionary(pair) }
        let changed = try glossaries.change(id, for: request.holder) { glossary throws(Problem) in
            if let name, !name.isEmpty { glossary.name = name }
            guard let new = read.first?.glossary else { return }
            glossary.glossary = try Glossary.merged([new, glossary.glossary].compactMap(\.self))
        }
        return try described(changed, .three)
    }

    /// PUT: entries instead of those that there are.
    private func replace(_ id: String, _ request: AdmittedRequest) throws(Problem) -> ServerResponse
    {
        let pair = try languagePair
        var reader = FieldReader(request.body)
        let read = ReadDictionary(&reader, pair)
        try reader.finishAsDeepL()
        guard let read else { throw Self.oneDictionary(pair) }
        let changed = try glossaries.change(id, for: request.holder) { $0.glossary = read.glossary }
        var writer = JSONWriter()
        write(dictionaryOf: changed, pair, to: &writer)
        return .json(writer)
    }

    private func deleteDictionary(
        _ id: String, _ request: AdmittedRequest
    ) throws(Problem) -> ServerResponse {
        let found = try glossaries.glossary(id, for: request.holder)
        var reader = FieldReader(request.body)
        let pair = found.pair(try loadedService.model)
        let isAsked = reader.names(pair: pair)
        try reader.finishAsDeepL()
        guard isAsked, found.glossary != nil else { throw Self.noDictionary }
        _ = try glossaries.change(id, for: request.holder) { $0.glossary = nil }
        return ServerResponse(status: 204)
    }

    /// The only pair of languages that glossaries can be for.
    private var languagePair: (source: String, target: String) {
        get throws(Problem) {
            let model = try loadedService.model
            guard let source = model.languages.source, let target = model.languages.target else {
                throw Problem(.notOffered, "the model \(model.id) does not say its languages")
            }
            return (source, target)
        }
    }

    private static func oneDictionary(_ pair: (source: String, target: String)) -> Problem {
        Problem(
            .outOfRange,
            "a glossary of this server has one dictionary, \(pair.source) to \(pair.target)")
    }

    private static let noDictionary = Problem(
        .glossaryNotFound, "the glossary has no dictionary of these languages")
}

extension TranslationAPI {
    private func described(
        _ glossary: StoredGlossary, _ version: DeepLRoute.Version
    ) throws(Problem) -> ServerResponse {
        var writer = JSONWriter()
        write(glossary, version, try loadedService.model, to: &writer)
        return .json(writer)
    }

    private func write(
        _ glossary: StoredGlossary, _ version: DeepLRoute.Version, _ model: ServedModel,
        to writer: inout JSONWriter
    ) {
        let pair = glossary.pair(model)
        writer.beginObject()
        writer.member("glossary_id", glossary.id)
        writer.member("name", glossary.name)
        writer.member("creation_time", WallClock.timestamp(glossary.created))
        switch version {
        case .two:
            writer.name("ready")
            writer.value(true)
            writer.member("source_lang", pair.source)
            writer.member("target_lang", pair.target)
            writer.member("entry_count", glossary.glossary?.entries.count ?? 0)
        case .three:
            writer.name("dictionaries")
            writer.beginArray()
            if glossary.glossary != nil { write(dictionaryOf: glossary, pair, to: &writer) }
            writer.endArray()
        }
        writer.endObject()
    }

    private func write(
        dictionaryOf glossary: StoredGlossary, _ pair: (source: String, target: String),
        to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.member("source_lang", pair.source)
        writer.member("target_lang", pair.target)
        writer.member("entry_count", glossary.glossary?.entries.count ?? 0)
        writer.endObject()
    }
}

/// A dictionary as a body brings it, of the model's languages.
private struct ReadDictionary {
    let glossary: Glossary

    /// Reads the fields of a dictionary; nil where one is at fault, which is noted.
    init?(_ reader: inout FieldReader, _ pair: (source: String, target: String)) {
        let isPair = reader.names(pair: pair)
        let format = reader.choice("entries_format", GlossaryFormat.self) ?? .tsv
        guard let text = reader.required("entries") else { return nil }
        do {
            glossary = try format.read(text)
        } catch {
            reader.note(.outOfRange, "entries", "\(error)")
            return nil
        }
        if glossary.entries.isEmpty {
            reader.note(.outOfRange, "entries", "`entries` must hold one at least")
        }
        if !isPair {
            reader.note(
                .unsupportedLanguagePair, "source_lang",
                "glossaries of this server are for \(pair.source) to \(pair.target)")
        }
    }
}

extension FieldReader {
    /// A string that must be there.
    fileprivate mutating func required(_ name: String) -> String? {
        if value(name) == nil { note(.wrongType, name, "`\(name)` is required: a string") }
        return string(name)
    }

    /// Whether the two fields of languages name a pair.
    fileprivate mutating func names(pair: (source: String, target: String)) -> Bool {
        let source = required("source_lang")
        let target = required("target_lang")
        return source.map { LanguageTag.matches($0, pair.source) } == true
            && target.map { LanguageTag.matches($0, pair.target) } == true
    }

    /// The field `dictionaries`.
    fileprivate mutating func dictionaries(
        _ pair: (source: String, target: String)
    ) throws(Problem) -> [ReadDictionary] {
        guard let values = value("dictionaries")?.arrayValue else {
            note(.wrongType, "dictionaries", "`dictionaries` is required: an array of objects")
            return []
        }
        var read: [ReadDictionary] = []
        for (index, value) in values.prefix(16).enumerated() {
            guard let object = value.objectValue else {
                wrongType("dictionaries/\(index)", "an object", value)
                continue
            }
            var reader = FieldReader(object, pointer: "/dictionaries/\(index)")
            if let dictionary = ReadDictionary(&reader, pair) { read.append(dictionary) }
            let problems = reader.finished()
            guard problems.isEmpty else { throw Problem(problems) }
        }
        return read
    }
}

extension TranslationAPI.AdmittedRequest {
    /// Refuses fields where none are taken.
    fileprivate func readNothing() throws(Problem) {
        var reader = FieldReader(body)
        try reader.finishAsDeepL()
    }
}

extension StoredGlossary {
    /// The languages that it is for.
    fileprivate func pair(_ model: ServedModel) -> (source: String, target: String) {
        languages ?? (model.languages.source ?? "", model.languages.target ?? "")
    }
}

extension Glossary {
    /// Several glossaries as one, in which earlier ones go before later ones.
    static func merged(_ glossaries: [Glossary]) throws(Problem) -> Glossary {
        var seen: Set<String> = []
        let entries = glossaries.flatMap(\.entries).filter { seen.insert($0.source).inserted }
        do {
            return try Glossary(entries)
        } catch {
            throw Problem(.outOfRange, "\(GlossaryError(error))")
        }
    }
}
