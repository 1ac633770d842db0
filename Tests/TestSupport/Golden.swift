public import JSON

/// Expected outputs made by an independent implementation of the same mathematics in PyTorch.
public struct Golden: Sendable {
    /// One request's settings with its sentences.
    public struct Case: Sendable, CustomStringConvertible {
        /// `exit`, `beam_size` and `length_penalty` as in a request.
        public let settings: JSONObject
        /// What was translated under them.
        public let sentences: [Sentence]

        /// The settings, to name a test case by.
        public var description: String {
            String(decoding: JSON.serialize(.object(settings)), as: UTF8.self)
        }
    }

    /// A text and all that is to come of it.
    public struct Sentence: Sendable {
        /// Source text.
        public let text: String
        /// Source ids, end of sentence included.
        public let sourceIDs: [Int]
        /// Target ids, end of sentence included.
        public let targetIDs: [Int]
        /// The exit of each, 1 … N.
        public let exitLayers: [Int]
        /// The log-probability of each, rounded to five digits.
        public let logProbabilities: [Double]
        /// Σ log p / length^α.
        public let score: Double
        /// The text of the target ids.
        public let translation: String
    }

    /// All cases of the file.
    public let cases: [Case]

    /// Why a golden file cannot be read.
    public struct Malformed: Error {}

    /// Reads a file below Tests/Golden.
    public init(_ name: String) throws {
        guard let cases = try JSON.parse(Repository.bytes("Tests/Golden/" + name)).arrayValue else {
            throw Malformed()
        }
        self.cases = try cases.map(Self.readCase)
    }

    private static func readCase(_ value: JSONValue) throws -> Case {
        guard let object = value.objectValue, let list = object["sentences"]?.arrayValue else {
            throw Malformed()
        }
        return Case(
            settings: JSONObject(object.members.filter { $0.name != "sentences" }),
            sentences: try list.map(readSentence))
    }

    private static func readSentence(_ value: JSONValue) throws -> Sentence {
        guard let o = value.objectValue, let text = o["text"]?.stringValue,
            let translation = o["translation"]?.stringValue, let score = o["score"]?.doubleValue
        else { throw Malformed() }
        func numbers(_ name: String) throws -> [Double] {
            guard let list = o[name]?.arrayValue else { throw Malformed() }
            return list.compactMap(\.doubleValue)
        }
        return Sentence(
            text: text, sourceIDs: try numbers("source_ids").map { Int($0) },
            targetIDs: try numbers("target_ids").map { Int($0) },
            exitLayers: try numbers("exit_layers").map { Int($0) },
            logProbabilities: try numbers("logprobs"), score: score, translation: translation)
    }
}
