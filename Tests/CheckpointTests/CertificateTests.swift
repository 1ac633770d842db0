import Checkpoint
import JSON
import TestSupport
import Testing

@Suite("Certificates and drafts in exits.json")
struct CertificateTests {
    private static let digest = String(repeating: "0123456789abcdef", count: 4)

    /// A checkpoint of three decoder layers with some members in exits.json.
    private func load(_ members: String) throws -> Checkpoint {
        let directory = try TemporaryDirectory()
        var options = CheckpointWriter.Options()
        options.withExits = false
        try CheckpointWriter(options).write(to: directory)
        try directory.write(Array("{\"version\": 1, \(members)}".utf8), to: "exits.json")
        return try Checkpoint(directory: directory.path)
    }

    private func certificate(_ changes: [String: String?] = [:]) -> String {
        var members = [
            "risk": "\"chrf\"", "delta": "0.02", "epsilon": "0.05", "policy": "\"confidence\"",
            "thresholds": "[0.9, 0.8]", "candidates": "16", "operations": "0.7",
            "average_exit": "2.5", "precision": "\"int8\"", "sentences": "1000",
            "text": "\"\(Self.digest)\"", "network": "\"\(Self.digest)\"",
        ]
        for (name, value) in changes { members[name] = value }
        let all = members.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }
        return "\"certificates\": [{\(all.joined(separator: ", "))}]"
    }

    @Test("are read as they are written")
    func roundTrip() throws {
        let exits = try load(certificate()).exits
        let read = try #require(exits.certificates.first)
        #expect(read.risk == .chrF && read.delta == 0.02 && read.policy == .confidence)
        #expect(read.thresholds == [0.9, 0.8] && read.candidates == 16 && read.layer == nil)
        let text = String(decoding: JSON.serialize(.object(exits.json)), as: UTF8.self)
        let again = try load(String(text.dropFirst("{\"version\":1,".count).dropLast()))
        #expect(again.exits == exits)
        let drafting = try load(
            #""policies": {"speculative": {"draft_exit": 2, "draft_ids": [5, 0, 7]}}"#)
        #expect(drafting.exits.drafting == .init(exit: 2, ids: [5, 0, 7]))
        let written = try #require(drafting.exits.json["policies"]?.objectValue?["speculative"])
        #expect(written.objectValue?["draft_ids"]?.arrayValue?.count == 3)
        #expect(try load("\"note\": 1").exits.drafting == .init(exit: 1))
    }

    @Test(
        "are refused by name where something is wrong",
        arguments: [
            (["delta": "0"], "delta"), (["delta": "1"], "delta"), (["epsilon": "2"], "epsilon"),
            (["risk": "\"bleu\""], "risk"), (["sentences": "0"], "sentences"),
            (["text": "\"00\""], "text"), (["network": nil], "network"),
            (["thresholds": "[0.9]"], "thresholds"), (["thresholds": nil], "thresholds"),
            (["layer": "2"], "layer"), (["policy": "\"fixed\"", "thresholds": nil], "layer"),
            (["policy": "\"fixed\"", "thresholds": nil, "layer": "4"], "layer"),
            (["operations": "1.5"], "operations"), (["average_exit": "4"], "average_exit"),
        ] as [([String: String?], String)])
    func faults(_ entry: (changes: [String: String?], key: String)) throws {
        let error = #expect(throws: CheckpointError.self) {
            _ = try load(certificate(entry.changes))
        }
        #expect(error?.subject == "certificates[0].\(entry.key)")
        #expect(error?.file == "exits.json")
    }

    @Test(
        "drafts that cannot be are refused by name",
        arguments: [
            (#"{"draft_exit": 3}"#, "draft_exit"), (#"{"draft_exit": -1}"#, "draft_exit"),
            (#"{"draft_ids": [24]}"#, "draft_ids"), (#"{"draft_ids": [-1]}"#, "draft_ids"),
            (#"{"draft_ids": [3, 3]}"#, "draft_ids"), (#"{"draft_ids": "a"}"#, "draft_ids"),
        ])
    func draftFaults(_ entry: (member: String, key: String)) throws {
        let error = #expect(throws: CheckpointError.self) {
            _ = try load("\"policies\": {\"speculative\": \(entry.member)}")
        }
        #expect(error?.subject == "policies.speculative.\(entry.key)")
    }

    @Test("the network's checksum does not depend on exits.json")
    func checksums() throws {
        let plain = try load("\"note\": 1").checksums()
        let certified = try load(certificate()).checksums()
        #expect(plain.network == certified.network && plain.files != certified.files)
    }
}
