import JSON

/// How far a run has come.
struct RunProgress: Sendable, Equatable {
    /// Texts of the shard that are done.
    var texts = 0
    /// Those of them that could not be translated.
    var faults = 0
    /// Bytes of the output that they gave, whole lines.
    var byteCount = 0
    /// Of those texts.
    var digest = TextDigest()
}

/// What makes two runs give the same output: names with values.
struct RunDescription: Equatable {
    /// What has to be the same at once.
    let values: [String: String]
    /// What is done at a text that cannot be translated: it may change until there was one.
    let response: String

    /// The names of what differs, sorted.
    func differences(from other: RunDescription) -> [String] {
        Set(values.keys).union(other.values.keys).filter { values[$0] != other.values[$0] }.sorted()
    }
}

/// The file beside a partial output that says what run it is of and how far that has come.
///
/// The first line is an object in JSON with the description. Each further one is
/// `TEXTS FAULTS BYTES DIGEST`, appended when as much of the output is on the disk; the last whole one counts.
struct RunJournal {
    let description: RunDescription
    /// How far the run has come; the beginning where there is no whole line.
    let progress: RunProgress

    private static let responseName = "on_error"
    private static let digestLength = 16

    /// Reads a journal; nil where it is none.
    init?(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: 0x0A)
        guard let first = lines.first, let object = try? JSON.parse(Array(first)).objectValue
        else { return nil }
        var values: [String: String] = [:]
        for member in object.members { values[member.name] = member.value.stringValue }
        guard let response = values.removeValue(forKey: Self.responseName) else { return nil }
        description = RunDescription(values: values, response: response)
        progress =
            lines.dropFirst().reversed().lazy.compactMap { Self.progress($0) }.first
            ?? RunProgress()
    }

    /// The first line.
    static func header(_ description: RunDescription) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in description.values.sorted(by: { $0.key < $1.key }) {
            writer.name(name)
            writer.value(value)
        }
        writer.name(responseName)
        writer.value(description.response)
        writer.endObject()
        return writer.bytes + [0x0A]
    }

    /// A further line.
    static func line(_ progress: RunProgress) -> [UInt8] {
        let digits = String(progress.digest.value, radix: 16)
        let zeros = String(repeating: "0", count: digestLength - digits.count)
        let counts = "\(progress.texts) \(progress.faults) \(progress.byteCount)"
        return Array("\(counts) \(zeros)\(digits)\n".utf8)
    }

    /// Reads a further line; nil where it was cut off, which its digest's length tells.
    private static func progress(_ line: ArraySlice<UInt8>) -> RunProgress? {
        let fields = line.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
        guard fields.count == 4, fields[3].utf8.count == digestLength,
            let texts = Int(fields[0]), let faults = Int(fields[1]), let bytes = Int(fields[2]),
            let digest = UInt64(fields[3], radix: 16), texts >= faults, faults >= 0, bytes >= 0
        else { return nil }
        return RunProgress(
            texts: texts, faults: faults, byteCount: bytes, digest: TextDigest(value: digest))
    }
}
