public import ArgumentParser
import Checkpoint
import Configuration
import Glibc
import LanguageTags
import System
public import Tensor
import TranslationService

/// The checkpoint that a command works on.
struct ModelOption: ParsableArguments {
    /// What `serve` serves, too, where nothing is said.
    static let defaultPath = ServerSettings().modelPath

    @Option(
        name: .long,
        help: """
            Checkpoint directory (default: SHOAL_MODEL_PATH, or \(ModelOption.defaultPath) in the \
            working folder).
            """,
        completion: .directory)
    var model: String?

    @Option(
        name: .long,
        help:
            "Number format of the matrix products: \(Precision.names) (or SHOAL_COMPUTE_PRECISION)."
    )
    var precision: Precision?

    @Option(
        name: .long,
        help:
            "Language of the texts, for a model of many languages: de, zh-Hant (default: the model's)."
    )
    var sourceLang: String?

    @Option(
        name: .long,
        help: "Language to translate into, for a model of many languages (default: the model's).")
    var targetLang: String?

    /// The directory that was named, by option or variable.
    var named: String? {
        let variable = getenv("SHOAL_MODEL_PATH").map { String(cString: $0) } ?? ""
        return model ?? (variable.isEmpty ? nil : variable)
    }

    /// Loads it, or ends the command with what is wrong with it: 66 where there is no such directory, otherwise 65.
    ///
    /// - Parameter packs: where packed weights are; nil: the weights themselves are read.
    /// - Returns: the model, for the languages that were named.
    /// - Throws: `Failure`, or `ValidationError` for languages that it does not translate.
    func load(packs: PackStore? = nil) throws -> ServedModel {
        let model = try Self.load(
            named ?? Self.defaultPath, precision: chosenPrecision(), packs: packs,
            hint: named == nil ? "; name another with --model" : "")
        guard sourceLang != nil || targetLang != nil else { return model }
        let source = try Self.tag(sourceLang, "--source-lang")
        let target = try Self.tag(targetLang, "--target-lang")
        try Self.require(source == nil && model.lacksSource, "--source-lang", of: model)
        try Self.require(target == nil && model.lacksTarget, "--target-lang", of: model)
        guard let serving = model.serving(from: source, to: target) else {
            let pair = "\(sourceLang ?? "?") to \(targetLang ?? "?")"
            let list =
                model.isMultilingual
                ? "it knows \(model.targets.joined(separator: ", "))"
                : "it translates \(model.languages.source ?? "?") to \(model.languages.target ?? "?")"
            throw ValidationError("\(model.id) does not translate \(pair): \(list).")
        }
        return serving
    }

    /// The same for texts: a model of many languages has to be told which.
    func loadForTexts() throws -> ServedModel {
        let model = try load()
        try Self.require(model.lacksSource, "--source-lang", of: model)
        try Self.require(model.lacksTarget, "--target-lang", of: model)
        return model
    }

    private static func require(
        _ isMissing: Bool, _ option: String, of model: ServedModel
    ) throws {
        guard isMissing else { return }
        throw ValidationError("\(model.id) translates between many languages: say \(option).")
    }

    private static func tag(_ text: String?, _ option: String) throws -> LanguageTag? {
        guard let text else { return nil }
        guard let tag = LanguageTag(text) else {
            throw ValidationError("\(option) must be a language tag such as de or zh-Hant.")
        }
        return tag
    }

    /// The same of a directory that another argument names.
    static func load(
        _ path: String, precision: Precision = .float32, packs: PackStore? = nil, hint: String = ""
    ) throws -> ServedModel {
        var options = ServedModel.Options()
        options.precision = precision
        options.packs = packs
        do {
            return try ServedModel(directory: path, options)
        } catch let error as CheckpointError where error.file == path {
            throw Failure("\(error)\(hint)", code: EX_NOINPUT)
        } catch {
            throw Failure("\(path): \(error)", code: EX_DATAERR)
        }
    }

    private func chosenPrecision() throws -> Precision {
        if let precision { return precision }
        let key = "SHOAL_COMPUTE_PRECISION"
        guard let text = getenv(key).map({ String(cString: $0) }) else { return .float32 }
        guard let precision = Precision(rawValue: text) else {
            throw ValidationError("\(key) must be \(Precision.names), not \"\(text)\".")
        }
        return precision
    }
}

extension Precision: ExpressibleByArgument {
    /// All of them, in words.
    fileprivate static let names = allCases.map(\.rawValue).listed(before: "or")
}
