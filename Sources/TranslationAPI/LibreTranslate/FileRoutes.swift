import Decoding
import FormData
import HTTPTypes
import HTTPWire
import JSON
import TranslationService

extension TranslationAPI {
    /// POST /translate_file: translates an uploaded file, and answers where it can be fetched.
    func translateFile(_ context: RequestContext) {
        let shape = RequestBody.Shape(types: [.multipart])
        work(on: context, shape, keyField: LibreTranslate.keyField, isLong: true) {
            [self] request throws(Problem) in
            let upload = try UploadedFile(
                request.body, try loadedService.catalog, settings.limits)
            let job = FileTranslation(
                upload.parts, limit: settings.limits.maximumTexts,
                translate: { [self] in
                    translate($0, isMarkup: $1, over: upload.route, request.context, $2)
                },
                completion: { [self] in answer($0, upload, request.context) })
            job.proceed()
        }
    }

    private func translate(
        _ texts: [String], isMarkup: Bool, over chosen: ModelRoute, _ context: RequestContext,
        _ completion: @escaping @Sendable (Result<[String], Problem>) -> Void
    ) {
        do {
            try handOver { catalog throws(Problem) in
                // A reload may have come meanwhile.
                guard let route = catalog.again(chosen) else {
                    throw Problem(modelNotFoundIn: catalog)
                }
                return try LibreTranslate.request(
                    texts, isMarkup: isMarkup, alternatives: 0, route, settings)
            } _: { request, service in
                let cancel = service.submit(request, after: 0) { [answers] result in
                    let texts = result.map { $0.translations.map { $0.outputs[0].text } }
                    // A refusal comes on the thread that submits, and ends the work.
                    answers.add { completion(texts.mapError { Problem($0) }) }
                }
                context.onCancel(cancel)
            }
        } catch {
            completion(.failure(error))
        }
    }

    private func answer(
        _ result: Result<String, Problem>, _ upload: UploadedFile, _ context: RequestContext
    ) {
        switch result {
        case .success(let text):
            let name = translatedFiles.keep(upload.bytes(of: text), name: upload.name)
            let base = trust.base(of: context.request, servesTLS: settings.servesTLS)
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("translatedFileUrl", base + "/download_file/" + name)
            writer.endObject()
            var response = ServerResponse.json(writer)
            response.logFields = [LogField("texts", .integer(upload.textCount))]
            context.answer(response)
        case .failure(let problem): context.refuse(problem)
        }
    }

    /// GET /download_file/…: a translated file, which browsers keep and do not show.
    func download(_ name: String, _ context: RequestContext) {
        guard let bytes = translatedFiles.bytes(of: name) else {
            return context.refuse(
                Problem(
                    .fileNotFound,
                    "there is no such file; a translated file is kept for half an hour at most"))
        }
        // Behind the random digits and their dot.
        let fileName = name.drop { $0 != "." }.dropFirst()
        context.answer(
            ServerResponse(
                status: 200,
                fields: [
                    .contentType: MediaType.bytes.rawValue,
                    .contentDisposition: "attachment; filename=\"\(fileName)\"",
                    .xContentTypeOptions: "nosniff",
                ], body: bytes))
    }
}

/// A file to translate, proven to be one that can be.
struct UploadedFile {
    let parts: [FilePart]
    /// What translates it.
    let route: ModelRoute
    /// What the translated file is called: plain characters alone.
    let name: String
    private let hasMark: Bool

    private static let mark = "\u{FEFF}"

    /// Reads a form.
    ///
    /// - Throws: one problem that lists all faults of fields, or what is wrong with the file.
    init(_ body: RequestBody, _ catalog: ModelCatalog, _ limits: APILimits) throws(Problem) {
        var reader = FieldReader(body)
        let texts = body.files.map { String(decoding: $0.bytes.prefix(4_096), as: UTF8.self) }
        let format = body.files.first { $0.field == "file" }.flatMap {
            FileFormat(fileName: $0.name)
        }
        route = reader.chosenRoute(
            catalog, ("source", "target"), for: texts, isMarkup: format == .html)
        let model = route.model
        reader.checkLanguage("source", model.languages.source, of: model, or: "auto")
        reader.checkLanguage("target", model.languages.target, of: model)
        // Clients send it; what the file is, its name says.
        _ = reader.string("format")
        LibreTranslate.skipAccess(&reader)
        let file = body.files.first { $0.field == "file" }
        if file == nil || body.files.count > 1 {
            reader.note(.wrongType, "file", "`file` is required: one file with its name")
        }
        if file != nil, format == nil {
            reader.note(
                .outOfRange, "file",
                "the name of `file` must end in \(FileFormat.list): other formats are not translated"
            )
        }
        let problems = reader.finished()
        guard problems.isEmpty, let file, let format else { throw Problem(problems) }
        guard var text = String(validating: file.bytes, as: UTF8.self) else {
            throw Problem(.malformedRequest, "the file must be text in UTF-8")
        }
        hasMark = text.hasPrefix(Self.mark)
        if hasMark { text.unicodeScalars.removeFirst() }
        parts = try format.parts(of: text)
        name = Self.name(file.name, format, model.languages.target)
        try Self.check(parts, limits)
    }

    var textCount: Int { parts.count { $0.text != nil } }

    /// The file as it is written.
    func bytes(of text: String) -> [UInt8] { Array(((hasMark ? Self.mark : "") + text).utf8) }

    private static func check(_ parts: [FilePart], _ limits: APILimits) throws(Problem) {
        for text in parts.lazy.compactMap(\.text) where !text.isMarkup {
            let count = text.text.unicodeScalars.count
            guard count > limits.maximumCharacters else { continue }
            throw Problem(
                .textTooLong,
                "a text of the file has \(count) characters; at most \(limits.maximumCharacters) are taken"
            )
        }
    }

    /// The name that its sender gave, of plain characters, with the target before its ending.
    private static func name(_ given: String, _ format: FileFormat, _ target: String?) -> String {
        let last = given.split { $0 == "/" || $0 == "\\" }.last ?? ""
        let stem = last.prefix(upTo: last.lastIndex(of: ".") ?? last.endIndex)
        let plain = stem.unicodeScalars.map { scalar -> Character in
            let isPlain =
                scalar.isASCII
                && (scalar.properties.isAlphabetic
                    || "0123456789-_".unicodeScalars.contains(scalar))
            return isPlain ? Character(scalar) : "_"
        }
        let name = plain.isEmpty ? "file" : String(plain.prefix(64))
        let suffix =
            target.map { "_" + $0.filter { $0.isASCII && ($0.isLetter || $0 == "-") } } ?? ""
        return "\(name)\(suffix).\(format.rawValue)"
    }
}
