import Certification
import Checkpoint
import Decoding
import JSON
import LanguageIdentification
import TranslationService

/// The body of POST /translate, proven to make sense for a model.
struct TranslateBody {
    let request: TranslationRequest
    /// What translates it.
    let model: ServedModel
    /// What the answer is to hold besides what is always there.
    let parts: IncludedParts
    /// Those of the texts, where they are to be found.
    let languages: SourceLanguages
    /// Whether the answer tells them of each text, not only of those that are answered as they are.
    let tellsLanguages: Bool
    /// Whether the answer is to come in parts; nil where the body does not say.
    let streams: Bool?
    /// What the exit rule is certified for, where a guarantee was asked for.
    let certificate: ExitCertificate?
    /// Whether what was translated speaks against that certificate; nil where it is not watched.
    let isRefuted: Bool?
    /// How shallow the answer is because of load: the rank of its certificate; nil where load decides nothing.
    let loadLevel: Int?

    /// Reads a body and holds it against the model that it asks for.
    ///
    /// - Parameters:
    ///   - object: the fields.
    ///   - catalog: the models.
    ///   - settings: the server's.
    ///   - glossaries: those that requests may name.
    ///   - maximumRisk: the greatest δ that load may cost requests with its key; nil: the server's.
    ///   - waiting: seconds until what is under way is done, for a server that answers shallower under load.
    /// - Throws: one problem that lists all faults.
    init(
        _ object: JSONObject, catalog: ModelCatalog, _ settings: TranslationAPI.Settings,
        glossaries: GlossaryStore, maximumRisk: Double? = nil, waiting: Double = 0
    ) throws(Problem) {
        let (limits, defaults) = (settings.limits, settings.exit)
        var reader = FieldReader(object)
        try reader.checkModel(catalog)
        let texts = reader.texts("text", limits)
        let route = reader.chosenRoute(
            catalog, ("source_lang", "target_lang"), for: texts,
            isMarkup: ["html", "xml"].contains(reader.peek("format")))
        model = route.model
        reader.checkLanguage("target_lang", model.languages.target, of: model)
        let asked = ExitFields(&reader)
        var (exit, certificate, exitProblems) = asked.rule(for: model, defaults)
        var isRefuted = certificate.flatMap { [model] in
            settings.watch?.isRefuted($0, of: model.id)
        }
        // A promise that is known to be broken is kept at full depth, where nothing is lost.
        let isReplaced = isRefuted == true && settings.watch?.options.action == .full
        if isReplaced { exit = ExitRule(.full, layerCount: model.layerCount) }
        var search = SearchOptions(&reader, model, limits)
        let shortlist = Self.usesShortlist(&reader, route, settings, asked)
        search.usesShortlist = shortlist && route.last.shortlistFault == nil
        let drafts = reader.drafts(of: texts, limits, exit)
        let preparation = TextOptions(&reader, limits, glossaries)
        parts = Self.parts(&reader)
        let isWanted = parts.contains(.language)
        languages = reader.sourceLanguages(
            SourceLanguageField(
                name: "source_lang", texts: "text", isMarkup: preparation?.markup != nil,
                unsupported: reader.choice("on_unsupported", UnsupportedLanguages.self) ?? .refuse,
                isWanted: isWanted), of: texts, model)
        tellsLanguages = isWanted || languages.isAuto
        let timeout = Self.timeout(&reader) ?? limits.timeout
        streams = reader.bool("stream")
        let problems = reader.finished() + exitProblems
        guard problems.isEmpty, let exit else { throw Problem(problems) }
        var options: DecodingOptions
        do {
            options = try search.resolve(
                exit, longest: model.longestOutput, widestBeam: limits.maximumBeam)
        } catch {
            throw Problem(error)
        }
        let isPlain = Self.isPlain(options, route, preparation)
        guard certificate == nil || isPlain else { throw .notPlain }
        if asked.isOpen, isPlain, drafts.isEmpty, exit.policy.givesFullDepth,
            let valve = settings.valve
        {
            let choice = valve.choice(
                for: model, upTo: [asked.maximumRisk, maximumRisk].compactMap(\.self).min(),
                waiting: waiting, allowed: timeout
            ) { [model] in settings.watch?.isRefuted($0, of: model.id) != true }
            loadLevel = choice?.level ?? 0
            if let choice {
                certificate = choice.certificate
                isRefuted = settings.watch?.isRefuted(choice.certificate, of: model.id)
                options.exit = ExitRule(choice.certificate, layerCount: model.layerCount)
            }
        } else {
            loadLevel = nil
        }
        self.certificate = certificate
        self.isRefuted = isRefuted
        options.scores = parts.contains(.scores)
        options.aligns = parts.contains(.alignments)
        guard route.isDirect || !options.aligns else {
            throw Problem([
                FieldProblem(
                    .outOfRange, "/include",
                    "alignments are to be had where one model translates, not over a pivot")
            ])
        }
        var request = try TranslationRequest(
            route, texts: texts, preparation, options: options, exit: { $0.exitDefaults(defaults) },
            shortlist: shortlist, timeout: timeout, limits: limits)
        request.copied = languages.copied
        request.drafts = drafts
        request.certificate = isReplaced ? nil : certificate
        self.request = request
    }

    /// What the answer tells of the language of a text; nil for nothing.
    func toldLanguage(_ index: Int) -> LanguageIdentification? {
        guard tellsLanguages || languages.copied.contains(index) else { return nil }
        return languages.found?[index]
    }

    /// Whether a text is decoded as those were that certificates were tested with: greedily, and by one model.
    private static func isPlain(
        _ options: DecodingOptions, _ route: ModelRoute, _ preparation: TextOptions?
    ) -> Bool {
        options.beamSize == 1 && options.repetitionPenalty == 1
            && options.noRepeatNgramSize == 0 && options.minimumTokens == 0
            && options.maximumTokens == nil && !options.usesShortlist
            && preparation?.glossary == nil
            && preparation?.markup == nil && route.isDirect
    }

    /// Whether models with a shortlist use it: as the body says, else as the server is set.
    ///
    /// A guarantee is for outputs without one.
    private static func usesShortlist(
        _ reader: inout FieldReader, _ route: ModelRoute, _ settings: TranslationAPI.Settings,
        _ exit: ExitFields
    ) -> Bool {
        guard let asked = reader.bool("shortlist") else {
            return settings.usesShortlist && !exit.asksGuarantee
        }
        if asked, let fault = route.hops.lazy.compactMap(\.shortlistFault).first {
            reader.note(fault)
        }
        return asked
    }

    private static func parts(_ reader: inout FieldReader) -> IncludedParts {
        guard let names = reader.strings("include") else { return [.tokens, .timings, .sentences] }
        let known = IncludedParts.named
        let parts = names.compactMap { name in known.first { $0.name == name }?.part }
        if parts.count != names.count {
            let all = known.map(\.name).joined(separator: ", ")
            reader.note(.outOfRange, "include", "`include` may hold \(all)")
        }
        return IncludedParts(parts)
    }

    private static func timeout(_ reader: inout FieldReader) -> Double? {
        guard let milliseconds = reader.integer("timeout_ms") else { return nil }
        if !(1...600_000).contains(milliseconds) {
            reader.note(
                .outOfRange, "timeout_ms",
                "`timeout_ms` must be 1 to 600000; given \(milliseconds)")
        }
        return Double(milliseconds) / 1000
    }
}

extension SearchOptions {
    /// Reads the fields about the search; faults are noted.
    fileprivate init(_ reader: inout FieldReader, _ model: ServedModel, _ limits: APILimits) {
        self.init()
        beamSize = reader.integer("beam_size") ?? beamSize
        alternatives = reader.integer("alternatives") ?? alternatives
        minimumTokens = reader.integer("min_output_tokens") ?? minimumTokens
        maximumTokens = reader.integer("max_output_tokens")
        lengthPenalty = reader.number("length_penalty") ?? lengthPenalty
        repetitionPenalty = reader.number("repetition_penalty") ?? repetitionPenalty
        noRepeatNgramSize = reader.integer("no_repeat_ngram_size") ?? noRepeatNgramSize
        let faults = faults(longest: model.longestOutput, widestBeam: limits.maximumBeam)
        for fault in faults { reader.note(fault) }
    }
}

extension FieldReader {
    /// Reads the translations that a client expects: one for its text, or one or null for each of several.
    fileprivate mutating func drafts(
        of texts: [String], _ limits: APILimits, _ exit: ExitRule?
    ) -> [String?] {
        guard let value = value("draft") else { return [] }
        let items = value.arrayValue ?? [value]
        let drafts = items.map(\.stringValue)
        guard zip(items, drafts).allSatisfy({ $1 != nil || $0.isNull }) else {
            wrongType("draft", "a string, or an array of strings and nulls", value)
            return []
        }
        if drafts.count != texts.count {
            note(
                .outOfRange, "draft",
                "`draft` must hold one translation for each text, \(texts.count); given \(drafts.count)"
            )
        }
        for (index, draft) in drafts.enumerated() {
            let count = draft?.unicodeScalars.count ?? 0
            guard count > limits.maximumCharacters else { continue }
            note(
                .textTooLong, value.arrayValue == nil ? "draft" : "draft/\(index)",
                "draft \(index) has \(count) characters; at most \(limits.maximumCharacters) are taken"
            )
        }
        if let exit, !exit.policy.makesDrafts {
            let takers = ExitPolicy.names(joinedBy: "or", where: \.makesDrafts)
            note(
                .conflictingOptions, "draft",
                "`draft` goes with `exit.policy` \(takers), not with \(exit.policy.rawValue)")
        }
        return drafts
    }
}
