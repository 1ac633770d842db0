import ArgumentParser
import Checkpoint
import Decoding
import TranslationService

/// Exit settings as one argument: POLICY[:KEY=VALUE[,KEY=VALUE…]], keys as in the server's `exit`.
///
/// A part without "=" goes on with the list before it: `confidence:threshold=0.9,0.8,max_layer=3`.
enum ExitSetting {
    fileprivate static let keys = [
        "layer", "threshold", "profile", "candidates", "drafts", "min_layer", "max_layer",
    ]

    /// Reads an argument.
    ///
    /// - Throws: `ValidationError` with what would be right.
    static func parse(_ text: String) throws -> ExitOptions {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = ExitPolicy(rawValue: String(parts[0])) else {
            let names = ExitPolicy.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("no policy is called \(parts[0]); there are \(names)")
        }
        var options = ExitOptions()
        options.policy = name
        for (key, value) in try parts.count > 1 ? members(parts[1]) : [] {
            try set(key, value, of: &options)
        }
        return options
    }

    private static func members(_ text: Substring) throws -> [(key: String, value: String)] {
        var members: [(key: String, value: String)] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if sides.count == 2 {
                let key = String(sides[0])
                guard !members.contains(where: { $0.key == key }) else {
                    throw ValidationError("\(key) is given twice")
                }
                members.append((key, String(sides[1])))
            } else if members.last?.key == "threshold" {
                members[members.count - 1].value += "," + part
            } else {
                throw ValidationError("expected KEY=VALUE where there is “\(part)”")
            }
        }
        return members
    }

    private static func set(_ key: String, _ value: String, of options: inout ExitOptions) throws {
        switch key {
        case "layer": options.layer = try integer(value, key)
        case "threshold": options.threshold = try ExitFlags.parseThreshold(value, of: key)
        case "profile": options.profile = value
        case "candidates":
            guard options.policy?.takesCandidates == true else {
                let takers = ExitPolicy.names(joinedBy: "or", where: \.takesCandidates)
                throw ValidationError("candidates goes with the policy \(takers) only")
            }
            options.candidates = try integer(value, key)
        case "drafts":
            guard options.policy?.makesDrafts == true else {
                let takers = ExitPolicy.names(joinedBy: "or", where: \.makesDrafts)
                throw ValidationError("drafts goes with the policy \(takers) only")
            }
            options.drafts = try integer(value, key)
        case "min_layer": options.minimumLayer = try integer(value, key)
        case "max_layer": options.maximumLayer = try integer(value, key)
        default:
            throw ValidationError(
                "there is no key \(key); there are \(keys.joined(separator: ", "))")
        }
    }

    private static func integer(_ text: String, _ key: String) throws -> Int {
        guard let value = Int(text) else {
            throw ValidationError("\(key) takes a whole number; given “\(text)”")
        }
        return value
    }
}

extension ExitOptions {
    /// The rule for a model.
    ///
    /// - Parameters:
    ///   - model: what is to follow it.
    ///   - name: how whoever gave the options calls them.
    /// - Returns: a rule that the model can follow.
    /// - Throws: `ValidationError` with all that does not fit.
    func rule(
        for model: ServedModel, naming name: (RequestParameter) -> String = \.flag
    ) throws -> ExitRule {
        do {
            return try resolve(for: model)
        } catch {
            throw ValidationError(error.text(naming: name))
        }
    }
}
