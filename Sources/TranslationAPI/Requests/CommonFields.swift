import Checkpoint
import Decoding
import JSON
import LanguageIdentification
import LanguageTags
import TranslationService

/// Fields that several kinds of bodies have.
extension FieldReader {
    /// Refuses a body that is meant for a model which is not there.
    mutating func checkModel(_ catalog: ModelCatalog) throws(Problem) {
        if let name = string("model"), catalog.model(named: name) == nil {
            throw Problem(modelNotFoundIn: catalog)
        }
    }

    /// The way for what a request asks for: by the model that it names, for its pair of languages, or else by the first that translates between
    /// them, or over a pivot.
    ///
    /// Where a language has to be known and is not, a fault is noted.
    ///
    /// - Parameters:
    ///   - catalog: what there is.
    ///   - pair: the fields of the two languages.
    ///   - texts: what is to be translated; they tell the language where the request does not.
    ///   - isMarkup: whether the texts have tags, which are in no language.
    /// - Returns: a route for the pair, or where there is none, the model that the fields are then held against.
    mutating func chosenRoute(
        _ catalog: ModelCatalog, _ pair: (source: String, target: String), for texts: [String],
        isMarkup: Bool
    ) -> ModelRoute {
        let source = peek(pair.source).flatMap {
            $0.lowercased() == SourceLanguages.auto || $0.isEmpty ? nil : $0
        }
        let target = peek(pair.target)
        if peek("model") == nil, catalog.models.count > 1 {
            pairText = "no model of this server translates between these languages; see /languages"
        }
        let route = catalog.route(named: peek("model"), from: source, to: target) {
            let text = texts.joined(separator: "\n")
            return LanguageIdentifier.identify(isMarkup ? text.withoutTags : text).best?.language
        }
        let model = route.model
        for (name, asked, isMissing) in [
            (pair.target, target, model.lacksTarget), (pair.source, source, model.lacksSource),
        ] where isMissing {
            note(
                .unsupportedLanguagePair, name,
                asked == nil
                    ? "`\(name)` is needed: \(model.id) translates between many languages; see /languages"
                    : model.pairText)
        }
        return route
    }

    /// Texts to work on, one or several; a fault is noted.
    mutating func texts(_ name: String, _ limits: APILimits) -> [String] {
        guard let value = value(name) else {
            note(.wrongType, name, "`\(name)` is required: a string or an array of strings")
            return []
        }
        let items = value.arrayValue ?? [value]
        let texts = items.compactMap(\.stringValue)
        guard texts.count == items.count else {
            wrongType(name, "a string or an array of strings", value)
            return []
        }
        checkCount(texts.count, of: name, limits)
        for (index, text) in texts.enumerated() {
            let count = text.unicodeScalars.count
            guard count > limits.maximumCharacters else { continue }
            note(
                .textTooLong, value.arrayValue == nil ? name : "\(name)/\(index)",
                "text \(index) has \(count) characters; at most \(limits.maximumCharacters) are "
                    + "taken")
        }
        return texts
    }

    /// Notes where there are too few or too many texts.
    mutating func checkCount(_ count: Int, of name: String, _ limits: APILimits) {
        guard !(1...limits.maximumTexts).contains(count) else { return }
        note(
            .outOfRange, name,
            "`\(name)` must hold 1 to \(limits.maximumTexts) texts; given \(count)")
    }

    /// Notes a language that is not the model's, by lookup (RFC 4647 §3.4): `de_AT`, `deu` and `DE` are served by `de`.
    ///
    /// - Parameters:
    ///   - name: the field.
    ///   - own: the model's language there, nil where it is not known.
    ///   - model: for the message.
    ///   - anything: a value that leaves the choice to the model.
    mutating func checkLanguage(
        _ name: String, _ own: String?, of model: ServedModel, or anything: String? = nil
    ) {
        guard let asked = string(name), asked != anything else { return }
        check(asked, name, own, of: model)
    }

    /// The same of a field that was read.
    mutating func check(_ asked: String, _ name: String, _ own: String?, of model: ServedModel) {
        guard let own, !LanguageTag.matches(asked, own) else { return }
        note(.unsupportedLanguagePair, name, pairText ?? model.pairText)
    }
}

extension TranslationRequest {
    /// A request within the server's limits.
    ///
    /// - Parameters:
    ///   - route: what translates.
    ///   - texts: what is translated.
    ///   - preparation: how texts are taken apart.
    ///   - options: those of the last model, beside its shortlist.
    ///   - exit: exit settings of those before it.
    ///   - shortlist: whether each model that has a shortlist uses it.
    ///   - timeout: seconds for the whole request.
    ///   - limits: the server's.
    /// - Throws: what of the settings a model cannot do.
    init(
        _ route: ModelRoute, texts: [String], _ preparation: TextOptions?,
        options: DecodingOptions, exit: (ServedModel) -> ExitOptions, shortlist: Bool,
        timeout: Double, limits: APILimits
    ) throws(Problem) {
        self.init(
            texts: texts, options: options,
            maximumSourceTokens: limits.maximumSourceTokens)
        model = route.last
        do throws(InvalidRequest) {
            for model in route.hops.dropLast() {
                var options = DecodingOptions(
                    exit: try exit(model).resolve(for: model), scores: false)
                options.usesShortlist = shortlist && model.shortlistFault == nil
                earlier.append(EarlierHop(model: model, options: options))
            }
        } catch {
            throw Problem(error)
        }
        self.options.usesShortlist = shortlist && route.last.shortlistFault == nil
        self.preparation = preparation
        // The model's own output, where it is asked for a sentence as it is.
        self.options.cutsLoops = preparation != nil
        // Tags are placed by what the words within them became.
        self.options.aligns = options.aligns || preparation?.markup != nil
        self.timeout = timeout
    }
}
