import Checkpoint
import Configuration
import Digest
import Glibc
import System
import TextFiles
import Tokenization
import TranslationService

/// The sentences of an adaptation: those that are learnt from, those that are held out to choose and to measure by, and fresh ones for certificates.
struct AdaptText {
    /// What is learnt from, in the order in which it is decoded: drawn, so that a part of it stands for all.
    private(set) var training: [String] = []
    /// What is held out.
    private(set) var held: [String] = []
    /// What nothing is learnt from or chosen on, so that certificates can be tested on it; none where the text is too short.
    private(set) var fresh: [String] = []
    /// Sentences of the text, all of them.
    private(set) var count = 0
    /// Translations of `held`; nil where none were given.
    private(set) var references: [String]?
    /// Lines that were left out: too long for the model.
    private(set) var tooLong = 0
    /// What all of it follows from, `key: value` a line.
    private(set) var settings = ""

    /// Fewer say too little.
    static let fewest = 20
    /// One of so many sentences of the text is held out, where no file of them is given, and one is fresh.
    static let part = 10
    /// The most that are held out, and the most that are fresh.
    private static let mostAside = 1000

    /// Reads the text.
    ///
    /// - Parameters:
    ///   - path: of the text, a sentence a line; blank lines and repeated ones are left out.
    ///   - validation: paths of sentences to hold out and of their translations; none: a tenth of the text is held out.
    ///   - limit: the most sentences that are taken of the text.
    ///   - seed: of the order.
    ///   - fewestFresh: a tenth of the text is kept fresh where that is so many sentences; nil: none is.
    ///   - model: what is to decode them.
    /// - Throws: `Failure` and `TextFileError`, with the file.
    init(
        _ path: String, validation: [String], limit: Int, seed: UInt64, fewestFresh: Int?,
        _ model: ServedModel
    ) throws {
        let read = try Self.lines(path, limit: limit, model)
        tooLong = read.tooLong
        guard read.lines.count >= Self.fewest else {
            throw Failure(
                "\(path): \(read.lines.count) sentences say too little; give at least \(Self.fewest), "
                    + "better some thousands", code: EX_DATAERR)
        }
        var random = SplitMix64(seed: seed)
        let drawn = read.lines.shuffled(using: &random)
        count = drawn.count
        if let source = validation.first {
            try take(validation: source, validation.dropFirst().first, model)
            let own = Set(held)
            training = drawn.filter { !own.contains($0) }
            guard !training.isEmpty else {
                throw Failure("\(path): all sentences are held out", code: EX_DATAERR)
            }
        } else {
            let aside = min(Self.mostAside, max(drawn.count / Self.part, 10))
            held = Array(drawn.suffix(aside))
            training = Array(drawn.dropLast(aside))
        }
        let aside = min(Self.mostAside, drawn.count / Self.part, training.count / 2)
        if let fewestFresh, aside >= fewestFresh {
            fresh = Array(training.suffix(aside))
            training.removeLast(aside)
        }
        settings = """
            text: \(Self.digest(training))
            held_out: \(Self.digest(held))
            seed: \(seed)

            """
        if !fresh.isEmpty { settings += "fresh: \(Self.digest(fresh))\n" }
    }

    /// Takes the sentences of a file to hold out, and their translations.
    private mutating func take(
        validation source: String, _ reference: String?, _ model: ServedModel
    ) throws {
        let text = try ParallelText(source, reference ?? source)
        guard text.sources.count > 1 else {
            throw Failure("\(source): one sentence says too little", code: EX_DATAERR)
        }
        for (index, line) in text.sources.enumerated() {
            guard Self.fits(line, model) else {
                let limit = model.checkpoint.configuration.maximumPositions
                throw Failure(
                    "\(source):\(index + 1): more than \(limit) tokens, or none", code: EX_DATAERR)
            }
        }
        held = text.sources
        references = reference == nil ? nil : text.references
    }

    private static func lines(
        _ path: String, limit: Int, _ model: ServedModel
    ) throws -> (lines: [String], tooLong: Int) {
        let reader = try LineReader(path)
        var known: Set<String> = []
        var lines: [String] = []
        var tooLong = 0
        while lines.count < limit, let line = try reader.next() {
            guard !line.isBlank, known.insert(line).inserted else { continue }
            if fits(line, model) { lines.append(line) } else { tooLong += 1 }
        }
        return (lines, tooLong)
    }

    private static func fits(_ line: String, _ model: ServedModel) -> Bool {
        let ids = model.tokenizer.encode(line)
        return model.tokenizer.hasPieces(ids)
            && ids.count <= model.checkpoint.configuration.maximumPositions
    }

    private static func digest(_ lines: [String]) -> String {
        let bytes = lines.reduce(into: [UInt8]()) { $0 += Array($1.utf8) + [0x0A] }
        return Hexadecimal.text(SHA256.digest(bytes))
    }
}
