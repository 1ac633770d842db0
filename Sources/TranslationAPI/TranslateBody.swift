import Checkpoint
import Decoding
import JSON
import TranslationService

/// Bounds of a request that the server sets.
public struct APILimits: Sendable, Equatable {
    /// Texts in one request.
    public var maximumTexts = 64
    /// Code points in one text.
    public var maximumCharacters = 10_000
    /// Source tokens of one text, end of sentence included; never above the model's positions.
    public var maximumSourceTokens = 256
    /// Widest beam; at most 32, half of what one step can rank.
    public var maximumBeam = 8
    /// Seconds for the whole request; `timeout_ms` may ask for less or more.
    public var timeout = 30.0

    /// The defaults of http.md.
    public init() {}

    /// Widest beam that a server may be set to.
    public static let widestBeam = 32
}

/// The body of POST /translate, proven to make sense for a model.
struct TranslateBody {
    let request: TranslationRequest
    let includesTokens: Bool
    let includesScores: Bool
    let includesTimings: Bool

    /// What a body may ask to be included.
    private enum Part: String, CaseIterable {
        case tokens
        case scores
        case timings
    }

    /// Reads a body and holds it against a model.
    ///
    /// - Throws: one problem that lists all faults.
    init(
        _ bytes: [UInt8], model: ServedModel, limits: APILimits, exit defaults: ExitOptions
    ) throws(Problem) {
        let value: JSONValue
        do {
            value = try JSON.parse(bytes)
        } catch {
            throw Problem(.invalidJSON, error.description)
        }
        guard let object = value.objectValue else {
            throw Problem(.wrongType, "the body must be an object; given \(value.kind)")
        }
        var reader = FieldReader(object)
        if let name = reader.string("model"), name != model.id {
            throw Problem(.modelNotFound, "this server has the model \(model.id)")
        }
        let texts = Self.texts(&reader, limits)
        Self.checkLanguages(&reader, model)
        let (exit, exitProblems) = Self.exit(&reader, model, defaults)
        let search = SearchFields(&reader, model, limits)
        let parts = Self.parts(&reader)
        let timeout = Self.timeout(&reader) ?? limits.timeout
        let problems = reader.finished() + exitProblems
        guard problems.isEmpty, let exit else { throw Problem(InvalidRequest(problems)) }
        var options = DecodingOptions(exit: exit)
        search.apply(to: &options)
        var request = TranslationRequest(
            texts: texts, options: options,
            maximumSourceTokens: min(
                limits.maximumSourceTokens, model.checkpoint.configuration.maximumPositions))
        request.timeout = timeout
        self.request = request
        includesTokens = parts.contains(.tokens)
        includesScores = parts.contains(.scores)
        includesTimings = parts.contains(.timings)
    }

    private static func texts(_ reader: inout FieldReader, _ limits: APILimits) -> [String] {
        guard let value = reader.value("text") else {
            reader.note(.wrongType, "text", "`text` is required: a string or an array of strings")
            return []
        }
        let items = value.arrayValue ?? [value]
        let texts = items.compactMap(\.stringValue)
        guard texts.count == items.count else {
            reader.wrongType("text", "a string or an array of strings", value)
            return []
        }
        if !(1...limits.maximumTexts).contains(texts.count) {
            reader.note(
                .outOfRange, "text",
                "`text` must hold 1 to \(limits.maximumTexts) texts; given \(texts.count)")
        }
        for (index, text) in texts.enumerated() {
            let count = text.unicodeScalars.count
            guard count > limits.maximumCharacters else { continue }
            reader.note(
                .textTooLong, value.arrayValue == nil ? "text" : "text/\(index)",
                "text \(index) has \(count) characters; at most \(limits.maximumCharacters) are "
                    + "translated")
        }
        return texts
    }

    private static func checkLanguages(_ reader: inout FieldReader, _ model: ServedModel) {
        let pair = model.languages
        for (name, own) in [("source_lang", pair.source), ("target_lang", pair.target)] {
            guard let asked = reader.string(name), let own,
                asked.lowercased() != own.lowercased()
            else { continue }
            reader.note(
                .unsupportedLanguagePair, name,
                "\(model.id) translates \(pair.source ?? "?") to \(pair.target ?? "?")")
        }
    }

    private static func exit(
        _ reader: inout FieldReader, _ model: ServedModel, _ defaults: ExitOptions
    ) -> (ExitRule?, [FieldProblem]) {
        var options = ExitOptions()
        var problems: [FieldProblem] = []
        if var exit = reader.object("exit") {
            options.policy = exit.choice("policy", ExitPolicy.Name.self)
            options.layer = exit.integer("layer")
            options.threshold = threshold(&exit)
            options.profile = exit.string("profile")
            options.minimumLayer = exit.integer("min_layer")
            options.maximumLayer = exit.integer("max_layer")
            problems = exit.finished()
        }
        guard problems.isEmpty else { return (nil, problems) }
        do {
            return (try options.filled(from: defaults).resolve(for: model), [])
        } catch {
            return (nil, error.problems)
        }
    }

    private static func threshold(_ exit: inout FieldReader) -> ExitOptions.Threshold? {
        guard let value = exit.value("threshold") else { return nil }
        if let number = value.doubleValue { return .uniform(number) }
        if let items = value.arrayValue {
            let numbers = items.compactMap(\.doubleValue)
            if numbers.count == items.count { return .perLayer(numbers) }
        }
        exit.wrongType("threshold", "a number or an array of numbers", value)
        return nil
    }

    private static func parts(_ reader: inout FieldReader) -> Set<Part> {
        guard let names = reader.strings("include") else { return [.tokens, .timings] }
        let parts = names.compactMap(Part.init)
        if parts.count != names.count {
            let known = Part.allCases.map(\.rawValue).joined(separator: ", ")
            reader.note(.outOfRange, "include", "`include` may hold \(known)")
        }
        return Set(parts)
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

/// The fields about the search.
private struct SearchFields {
    private let beamSize: Int
    private let alternatives: Int
    private let lengthPenalty: Double
    private let minimum: Int
    private let maximum: Int?

    init(_ reader: inout FieldReader, _ model: ServedModel, _ limits: APILimits) {
        let longest = model.checkpoint.configuration.maximumPositions - 1
        beamSize = Self.integer(&reader, "beam_size", 1...limits.maximumBeam) ?? 1
        alternatives = Self.integer(&reader, "alternatives", 0...max(0, beamSize - 1)) ?? 0
        lengthPenalty = reader.number("length_penalty") ?? 1
        minimum = Self.integer(&reader, "min_output_tokens", 0...longest) ?? 0
        maximum = Self.integer(&reader, "max_output_tokens", 1...longest)
        if !(0...10).contains(lengthPenalty) {
            reader.note(
                .outOfRange, "length_penalty",
                "`length_penalty` must be 0 to 10; given \(lengthPenalty)")
        }
        if let maximum, minimum > maximum {
            reader.note(
                .conflictingOptions, "min_output_tokens",
                "`min_output_tokens` \(minimum) is above `max_output_tokens` \(maximum)")
        }
    }

    private static func integer(
        _ reader: inout FieldReader, _ name: String, _ range: ClosedRange<Int>
    ) -> Int? {
        guard let value = reader.integer(name) else { return nil }
        if range.contains(value) { return value }
        reader.note(
            .outOfRange, name,
            "`\(name)` must be \(range.lowerBound) to \(range.upperBound); given \(value)")
        return nil
    }

    func apply(to options: inout DecodingOptions) {
        options.beamSize = beamSize
        options.hypothesisCount = alternatives + 1
        options.lengthPenalty = lengthPenalty
        options.minimumTokens = minimum
        options.maximumTokens = maximum
    }
}
