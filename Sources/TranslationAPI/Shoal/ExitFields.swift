import Checkpoint
import Decoding
import JSON
import TranslationService

/// `exit` of POST /translate.
struct ExitFields {
    /// What it says of the exit rule.
    private var options = ExitOptions()
    /// `max_risk`: the greatest δ that load may cost the request; nil: the server's.
    private(set) var maximumRisk: Double?
    private var problems: [FieldProblem] = []

    /// Reads the field; what is wrong with it is told by `rule`.
    init(_ reader: inout FieldReader) {
        guard var exit = reader.object("exit") else { return }
        options.policy = exit.choice("policy", ExitPolicy.self)
        options.layer = exit.integer("layer")
        options.threshold = Self.threshold(&exit)
        options.profile = exit.string("profile")
        options.minimumLayer = exit.integer("min_layer")
        options.maximumLayer = exit.integer("max_layer")
        options.guarantee = Self.guarantee(&exit, &problems)
        maximumRisk = exit.number("max_risk")
        if let maximumRisk, !(maximumRisk >= 0 && maximumRisk < 1) {
            exit.note(.outOfRange, "max_risk", "`max_risk` must be at least 0 and below 1")
        }
        problems += exit.finished()
        if maximumRisk != nil, options != ExitOptions(), problems.isEmpty {
            problems.append(
                FieldProblem(
                    .conflictingOptions, "/exit/max_risk",
                    "`max_risk` bounds what load may cost a request that leaves the rest of `exit` to the server"
                ))
        }
    }

    /// Whether the request leaves it to the server how tokens exit.
    var isOpen: Bool { options == ExitOptions() && problems.isEmpty }

    /// Whether a certified rule is asked for.
    var asksGuarantee: Bool { options.guarantee != nil }

    /// The rule for a model, what it is certified for, and what is wrong.
    func rule(
        for model: ServedModel, _ defaults: ExitOptions
    ) -> (ExitRule?, ExitCertificate?, [FieldProblem]) {
        guard problems.isEmpty else { return (nil, nil, problems) }
        do {
            let rule = try options.filled(from: model.exitDefaults(defaults)).resolve(for: model)
            return (rule, options.certificate(of: model), [])
        } catch {
            return (nil, nil, error.faults.map { FieldProblem($0) })
        }
    }

    /// `guarantee` {risk, delta}.
    private static func guarantee(
        _ exit: inout FieldReader, _ problems: inout [FieldProblem]
    ) -> ExitOptions.Guarantee? {
        guard var guarantee = exit.object("guarantee") else { return nil }
        let risk = guarantee.choice("risk", Risk.self)
        let delta = guarantee.number("delta")
        if let delta, !(delta > 0 && delta < 1) {
            guarantee.note(.outOfRange, "delta", "`delta` must be above 0 and below 1")
        }
        let own = guarantee.finished()
        problems += own
        if let risk, let delta, own.isEmpty {
            return ExitOptions.Guarantee(risk: risk, delta: delta)
        }
        if own.isEmpty {
            exit.note(
                .conflictingOptions, "guarantee",
                "`guarantee` needs `risk`, \(Risk.allCases.map(\.rawValue).joined(separator: ", ")), and `delta`"
            )
        }
        return nil
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
}

extension Problem {
    /// A guarantee for what was not tested.
    static var notPlain: Problem {
        Problem([
            FieldProblem(
                .conflictingOptions, "/exit/guarantee",
                "`exit.guarantee` is for greedy search of one model on plain text, without penalties, a glossary, a shortlist or limits of length"
            )
        ])
    }
}
