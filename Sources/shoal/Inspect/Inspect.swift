import ArgumentParser
import Checkpoint
import Configuration
import JSON
import Tensor
import TranslationModel
import TranslationService

/// The command `shoal inspect`.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a checkpoint holds, after checking all of it.",
        discussion: """
            Examples:
              shoal inspect --model models/multi30k-de-en --tensors
              shoal inspect --json
            """)

    @OptionGroup var model: ModelOption
    @OptionGroup var packs: PackOption

    @Flag(name: .long, help: "List the tensors, too.")
    var tensors = false

    @Flag(name: .long, help: "Print one JSON object.")
    var json = false

    func run() throws {
        try Failure.reporting {
            let store = PackStore(try packs.place())
            let description = CheckpointDescription(
                try model.load(), packs: store, listsTensors: tensors)
            writeOutput(json ? description.json : description.text)
        }
    }
}

/// What `shoal inspect` says of a checkpoint.
private struct CheckpointDescription {
    private let model: ServedModel
    /// The pack that a server would map, of this precision and for this machine.
    private let pack: PackStore.Look
    private let tensors: [Weights.Entry]

    init(_ model: ServedModel, packs: PackStore?, listsTensors: Bool) {
        self.model = model
        pack = packs?.look(at: model) ?? .absent
        let checkpoint = model.checkpoint
        tensors =
            listsTensors
            ? checkpoint.weights.entries + (checkpoint.exitHeads?.entries ?? []) : []
    }

    private var configuration: ModelConfiguration { model.checkpoint.configuration }

    private var adaptedExits: String {
        model.network.adaptedExits.map(String.init).joined(separator: " ")
    }

    /// Lines of a name and a value, then the tensors.
    var text: String {
        let c = configuration
        let pair = model.languages
        let facts = [
            ("model", model.id),
            (
                "languages",
                model.isMultilingual
                    ? "\(model.sources.joined(separator: " ")) → \(model.targets.joined(separator: " "))"
                    : "\(pair.source ?? "?") → \(pair.target ?? "?")"
            ),
            ("encoder", Self.text(c.encoder)), ("decoder", Self.text(c.decoder)),
            ("width", "\(c.width), \(c.activation.rawValue)"),
            ("vocabulary", "\(c.sourceVocabularySize) source, \(c.targetVocabularySize) target"),
            ("positions", "\(c.maximumPositions)"),
            ("exit classifiers", model.checkpoint.exits.classifiers.rawValue),
            ("adapted exits", adaptedExits.isEmpty ? "none" : adaptedExits),
            (
                "side branch",
                model.branchLayerCount == 0 ? "none" : "\(model.branchLayerCount) decoder layers"
            ), ("default policy", model.defaultPolicy.rawValue),
            ("packed weights", "\(model.network.byteCount) bytes"),
            ("shortlist", model.checkpoint.shortlist.map(Self.text) ?? "none"),
            ("truecaser", model.checkpoint.truecaser.map { "\($0.count) words" } ?? "none"),
            ("pack on disk", packText),
        ]
        let policies = ExitPolicy.allCases.map { policy in
            let state = model.missingHead(policy).map { "needs \($0)" } ?? "available"
            return ("policy", policy.rawValue.padding(to: 20) + state)
        }
        let files = model.checkpoint.files.map { ("file", "\($0.name), \($0.byteCount) bytes") }
        return (facts + policies + files).map { $0.padding(to: 18) + $1 + "\n" }.joined()
            + tensors.map { "\($0.name) \($0.elementType.rawValue) \($0.shape)\n" }.joined()
    }

    private var packText: String {
        switch pack {
        case .absent: "none for \(model.precision.rawValue)"
        case .usable(let path, let bytes): "\(path), \(bytes) bytes"
        case .unusable(let path, let reason): "\(path) is not used: \(reason)"
        }
    }

    private var packJSON: JSONValue {
        switch pack {
        case .absent: .null
        case .usable(let path, let bytes):
            .object(
                JSONObject([
                    .init("path", .string(path)), .init("usable", .bool(true)),
                    .init("bytes", Self.integer(bytes)),
                ]))
        case .unusable(let path, let reason):
            .object(
                JSONObject([
                    .init("path", .string(path)), .init("usable", .bool(false)),
                    .init("reason", .string(reason)),
                ]))
        }
    }

    private static func text(_ stack: ModelConfiguration.Stack) -> String {
        "\(stack.layers) layers, \(stack.heads) heads, feed-forward \(stack.feedForwardWidth)"
    }

    private static func text(_ shortlist: Shortlist) -> String {
        "\(shortlist.file), the first \(shortlist.firstCount) and at most \(shortlist.bestCount) for each source id"
    }

    /// The same as an object on one line.
    var json: String {
        let c = configuration
        var members: [JSONObject.Member] = [
            .init("model", .string(model.id)),
            .init("source_language", Self.string(model.languages.source)),
            .init("target_language", Self.string(model.languages.target)),
            .init("encoder", Self.object(c.encoder)), .init("decoder", Self.object(c.decoder)),
            .init("width", Self.integer(c.width)),
            .init("activation", .string(c.activation.rawValue)),
            .init("source_vocabulary", Self.integer(c.sourceVocabularySize)),
            .init("target_vocabulary", Self.integer(c.targetVocabularySize)),
            .init("positions", Self.integer(c.maximumPositions)),
            .init("exit_classifiers", .string(model.checkpoint.exits.classifiers.rawValue)),
            .init("default_policy", .string(model.defaultPolicy.rawValue)),
            .init("packed_bytes", Self.integer(model.network.byteCount)),
            .init("pack", packJSON),
            .init("adapted_exits", .array(model.network.adaptedExits.map(Self.integer))),
            .init("shortlist", Self.string(model.checkpoint.shortlist?.file)),
            .init("truecased_words", Self.integer(model.checkpoint.truecaser?.count ?? 0)),
            .init("policies", .array(ExitPolicy.allCases.map(object))),
            .init("files", .array(model.checkpoint.files.map(Self.object))),
        ]
        if !tensors.isEmpty { members.append(.init("tensors", .array(tensors.map(Self.object)))) }
        let object = JSONValue.object(JSONObject(members))
        return String(decoding: JSON.serialize(object), as: UTF8.self) + "\n"
    }

    private func object(_ policy: ExitPolicy) -> JSONValue {
        .object(
            JSONObject([
                .init("policy", .string(policy.rawValue)),
                .init("missing_tensor", Self.string(model.missingHead(policy))),
            ]))
    }

    private static func object(_ stack: ModelConfiguration.Stack) -> JSONValue {
        .object(
            JSONObject([
                .init("layers", integer(stack.layers)), .init("heads", integer(stack.heads)),
                .init("feed_forward_width", integer(stack.feedForwardWidth)),
            ]))
    }

    private static func object(_ file: Checkpoint.File) -> JSONValue {
        .object(
            JSONObject([
                .init("name", .string(file.name)), .init("bytes", integer(file.byteCount)),
            ]))
    }

    private static func object(_ tensor: Weights.Entry) -> JSONValue {
        .object(
            JSONObject([
                .init("name", .string(tensor.name)),
                .init("element_type", .string(tensor.elementType.rawValue)),
                .init("shape", .array(tensor.shape.map(integer))),
            ]))
    }

    private static func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }

    private static func string(_ value: String?) -> JSONValue {
        value.map { .string($0) } ?? .null
    }
}
