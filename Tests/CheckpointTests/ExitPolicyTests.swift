import Checkpoint
import TestSupport
import Testing

/// Holds what is written by hand against the table of policies.
@Suite("The table of exit policies", .timeLimit(.minutes(10)))
struct ExitPolicyTests {
    private func names(where fits: (ExitPolicy) -> Bool = { _ in true }) -> [String] {
        ExitPolicy.allCases.filter(fits).map(\.rawValue)
    }

    private func text(_ file: String) throws -> String {
        String(decoding: try Repository.bytes(file), as: UTF8.self)
    }

    /// The names that open the lines of a list or a table, between two headings.
    private func listed(_ text: String, from start: String, mark: String) throws -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let first = try #require(lines.firstIndex { $0.contains(start) })
        return lines[first...].lazy.drop { !$0.contains(mark) }.prefix { $0.contains(mark) }
            .compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
    }

    @Test("The API's document offers its policies, in its order")
    func document() throws {
        let document = try text("openapi.yaml")
        let all = names().joined(separator: ", ")
        #expect(document.contains("\n    Policy:\n      type: string\n      enum: [\(all)]\n"))
        #expect(try listed(document, from: "    Policy:", mark: "        - `") == names())
    }

    @Test("The API's document has a layer, thresholds and a profile go with those that take them")
    func parameters() throws {
        let document = try text("openapi.yaml")
        for policy in names(where: \.needsLayer) {
            let isChosen = "required: [policy], properties: { policy: { const: \(policy) } }"
            #expect(document.contains(isChosen))
        }
        let takers = [names { $0.thresholds != nil }, names(where: \.takesProfile)]
        for names in takers.map({ $0.joined(separator: ", ") }) {
            #expect(document.contains("{ policy: { enum: [\(names), null] } }"))
        }
    }

    @Test("The documents describe its policies, in its order", arguments: ["api", "method"])
    func tables(_ name: String) throws {
        let rows = try listed(text("docs/\(name).md"), from: "| policy | ", mark: "| `")
        #expect(rows == names())
    }

    @Test("The documented members of exits.json are those that it has")
    func format() throws {
        let document = try text("docs/checkpoint-format.md")
        let members = names(where: \.isConfigurable).map { "`\($0)`" }.joined(separator: ", ")
        #expect(document.contains("| `policies` | object with some of \(members); another"))
        for policy in ExitPolicy.allCases {
            guard let thresholds = policy.thresholds else { continue }
            let row = "| `policies.\(policy.rawValue).\(thresholds.key.rawValue)` | "
            let line = try #require(
                document.split(separator: "\n").first { $0.hasPrefix(row) }, "\(row)")
            #expect(line.hasSuffix("| \(thresholds.usual) |"))
            #expect(
                document.contains("| `policies.\(policy.rawValue).profiles` | ")
                    == policy.takesProfile)
        }
        let defaults = names { !$0.needsLayer }.map { "`\($0)`" }
        let all = defaults.dropLast().joined(separator: ", ") + " or " + (defaults.last ?? "")
        #expect(document.contains("| `default_policy` | \(all). "))
    }

    @Test("A policy that asks nothing of a head can be followed by every checkpoint")
    func heads() {
        #expect(names { $0.head == nil } == ["full", "fixed", "confidence", "speculative"])
        #expect(
            Set(ExitPolicy.allCases.compactMap(\.head)) == Set(ExitHead.allCases),
            "each head is asked by a policy")
    }

    @Test("A member of exits.json that is null counts as absent", arguments: ExitPolicy.allCases)
    func null(policy: ExitPolicy) throws {
        guard policy.isConfigurable else { return }
        var writer = CheckpointWriter()
        writer.files["exits.json"] = Array(
            #"{"version": 1, "policies": {"\#(policy.rawValue)": null}}"#.utf8)
        let checkpoint = try load(writer)
        let layers = checkpoint.configuration.decoder.layers
        #expect(checkpoint.exits == ExitsConfiguration(decoderLayers: layers))
    }
}
