package import Checkpoint
import LanguageTags
package import Tensor
import Yams

/// When the networks of models are read.
package enum ModelLoading: String, CaseIterable, Sendable {
    /// At the start, as many as there is room for.
    case start
    /// When a request needs them; those of pinned models at the start.
    case firstUse = "first_use"
}

/// What becomes of requests while the network that they need is read.
package enum WhileLoading: String, CaseIterable, Sendable {
    /// They wait, within their deadline.
    case wait
    /// They are refused, and told when to come again.
    case refuse
}

/// What the settings say of one model.
package struct ModelSettings: Equatable, Sendable {
    /// Its directory, or its package in one file.
    package var path: String
    /// Its name; nil: the directory's.
    package var id: String?
    /// Of its matrix products; nil: that of all models.
    package var precision: Precision?
    /// The languages of a model that does not say them itself.
    package var sourceLanguage: String?
    /// Likewise.
    package var targetLanguage: String?
    /// The exit policy where a request names none; nil: that of all models.
    package var policy: ExitPolicy?
    /// Whether its network never leaves the memory.
    package var isPinned = false

    /// A model with nothing said of it.
    package init(path: String) { self.path = path }
}

extension ModelSettings {
    /// One member of a model, as text.
    private struct Member {
        let name: String
        let range: String
        let read: @Sendable (ModelSettings) -> String?
        let write: @Sendable (inout ModelSettings, String) -> Bool
    }

    private static let precisions = Precision.allCases.map(\.rawValue).joined(separator: ", ")
    private static var policies: [String] {
        ExitPolicy.allCases.filter { !$0.needsLayer }.map(\.rawValue)
    }

    private static let members: [Member] = [
        Member(name: "id", range: "a name") {
            $0.id
        } write: { model, text in
            model.id = text
            return !text.isEmpty && !text.contains("/")
        },
        Member(name: "path", range: "a directory") {
            $0.path
        } write: { model, text in
            model.path = text
            return !text.isEmpty && Setting<ServerSettings>.named(text) != nil
        },
        Member(name: "precision", range: precisions) {
            $0.precision?.rawValue
        } write: {
            model, text in
            model.precision = Precision(rawValue: text)
            return model.precision != nil
        },
        Member(name: "source_lang", range: "a language tag") {
            $0.sourceLanguage
        } write: {
            model, text in
            model.sourceLanguage = text
            return LanguageTag(text) != nil
        },
        Member(name: "target_lang", range: "a language tag") {
            $0.targetLanguage
        } write: {
            model, text in
            model.targetLanguage = text
            return LanguageTag(text) != nil
        },
        Member(name: "policy", range: policies.joined(separator: ", ")) {
            $0.policy?.rawValue
        } write: { model, text in
            model.policy = ExitPolicy(rawValue: text)
            return model.policy?.needsLayer == false
        },
        Member(name: "pinned", range: "true or false") {
            $0.isPinned ? "true" : nil
        } write: {
            model, text in
            model.isPinned = text == "true"
            return Bool(text) != nil
        },
    ]

    /// What a list of models looks like, for people.
    static let notation =
        "a list of models, each with path and, if wanted, "
        + members.map(\.name).filter { $0 != "path" }.joined(separator: ", ")

    /// Reads a list of models in YAML.
    ///
    /// - Parameter text: a sequence of mappings; nothing for no models.
    /// - Returns: the models in their order.
    /// - Throws: `Fault`, the first thing that is wrong.
    static func list(_ text: String) throws(Fault) -> [ModelSettings] {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Fault("no YAML")
        }
        guard let node, node.null == nil else { return [] }
        guard let sequence = node.sequence else { throw Fault("no list") }
        var models: [ModelSettings] = []
        for (index, element) in sequence.enumerated() {
            models.append(try model(element, "[\(index)]"))
        }
        return models
    }

    private static func model(_ node: Node, _ place: String) throws(Fault) -> ModelSettings {
        guard let mapping = node.mapping else { throw Fault("\(place) has no keys and values") }
        var model = ModelSettings(path: "")
        for (key, value) in mapping {
            let name = key.string ?? ""
            guard let member = members.first(where: { $0.name == name }) else {
                let names = members.map(\.name).joined(separator: ", ")
                throw Fault("\(place) has the key \(name), which is none of \(names)")
            }
            guard let text = value.scalar?.string, member.write(&model, text) else {
                throw Fault("\(place).\(name) must be \(member.range)")
            }
        }
        guard !model.path.isEmpty else { throw Fault("\(place) needs path") }
        return model
    }

    /// What is wrong with a list of models.
    struct Fault: Error {
        let text: String

        init(_ text: String) { self.text = text }
    }

    /// A list in YAML on one line, as `list` reads it; nothing for no models.
    static func text(_ models: [ModelSettings]) -> String {
        guard !models.isEmpty else { return "" }
        let items = models.map { model in
            let pairs = members.compactMap { member in
                member.read(model).map { "\(member.name): \(YAMLScalar.quoted($0))" }
            }
            return "{" + pairs.joined(separator: ", ") + "}"
        }
        return "[" + items.joined(separator: ", ") + "]"
    }
}

extension Setting where Root == ServerSettings {
    /// The models with settings of their own.
    static var models: Setting {
        var setting = Setting(
            key: "models",
            help:
                "Models with settings of their own, before those of model.directory; the first is the standard one without model.path; empty: none.",
            range: ModelSettings.notation,
            read: { ModelSettings.text($0.models) },
            write: { settings, text in
                guard let models = try? ModelSettings.list(text) else { return false }
                settings.models = models
                return true
            })
        setting.takesStructure = true
        setting.fault = { text in
            do throws(ModelSettings.Fault) {
                _ = try ModelSettings.list(text)
                return nil
            } catch {
                return error.text
            }
        }
        return setting
    }
}
