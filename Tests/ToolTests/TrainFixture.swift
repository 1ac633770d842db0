import Foundation
import JSON
import TestSupport

/// A corpus of 40 sentences, settings for a tiny network, and runs of `shoal train` on them.
final class TrainFixture {
    let path: String
    let german: [String]
    /// Settings by key, as the file will hold them; a value of nil leaves the key out.
    var settings: [(key: String, value: String?)]

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("shoal-train-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
        let english: [String]
        (german, english) = Self.sentences()
        settings = [
            ("data.train.source", path + "/train.de"), ("data.train.target", path + "/train.en"),
            ("data.validation.source", path + "/val.de"),
            ("data.validation.target", path + "/val.en"),
            ("vocabulary.size", "300"), ("model.width", "16"), ("model.heads", "2"),
            ("model.encoder_layers", "2"), ("model.decoder_layers", "2"),
            ("model.feed_forward_width", "24"), ("model.max_positions", "40"),
            ("batch.tokens", "120"), ("steps", "6"), ("validation.every", "3"),
            ("log.every", "2"), ("save.every", "4"),
        ]
        try write(german, to: "train.de")
        try write(english, to: "train.en")
        try write(Array(german.prefix(4)), to: "val.de")
        try write(Array(english.prefix(4)), to: "val.en")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private static func sentences() -> (german: [String], english: [String]) {
        let subjects = [
            ("Der Hund", "The dog"), ("Eine Frau", "A woman"), ("Das Kind", "The child"),
            ("Ein alter Mann", "An old man"), ("Die Katze", "The cat"),
        ]
        let actions = [
            ("schläft im Garten.", "sleeps in the garden."), ("läuft schnell.", "runs fast."),
            ("sieht einen Vogel.", "sees a bird."), ("wartet auf den Bus.", "waits for the bus."),
            ("spielt im Schnee.", "plays in the snow."), ("trinkt Wasser.", "drinks water."),
            ("sitzt am Fenster.", "sits by the window."), ("springt hoch.", "jumps high."),
        ]
        let pairs = subjects.flatMap { subject in
            actions.map { ("\(subject.0) \($0.0)", "\(subject.1) \($0.1)") }
        }
        return (pairs.map(\.0), pairs.map(\.1))
    }

    func write(_ lines: [String], to name: String) throws {
        try write(Array((lines.joined(separator: "\n") + "\n").utf8), to: name)
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    /// The bytes of a file.
    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }

    /// Whether a file or a folder is there.
    func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/" + name)
    }

    /// What a folder holds; nothing where there is none.
    func names(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path + "/" + folder)) ?? []
    }

    func set(_ key: String, _ value: String?) {
        settings.removeAll { $0.key == key }
        settings.append((key, value))
    }

    /// Writes the settings and trains; Ctrl-C comes behind a text on standard error.
    func train(_ options: String..., interruptedAfter text: String? = nil) throws -> Run {
        let lines = settings.compactMap { key, value in value.map { "\(key): \"\($0)\"" } }
        try write(lines, to: "config.yaml")
        return try Run(
            ["train", path + "/config.yaml", "--output", path + "/run", "--threads", "1"] + options,
            interruptedAfter: text)
    }

    /// Trains with settings that are text.
    func train(yaml: String) throws -> Run {
        try write(Array(yaml.utf8), to: "config.yaml")
        return try Run("train", path + "/config.yaml", "--output", path + "/run")
    }

    /// The log of the run, an object a line.
    func log() throws -> [JSONObject] {
        let text = try String(contentsOfFile: path + "/run/log.jsonl", encoding: .utf8)
        return try text.split(separator: "\n").compactMap {
            try JSON.parse(Array($0.utf8)).objectValue
        }
    }
}
