import ArgumentParser
import TextFiles

/// Where a text comes from, and what keeps it from being one.
struct TextPlace: Sendable {
    /// Which of all texts, those of other shards among them, from 0.
    let index: Int
    /// The file as it was named; nil for arguments and standard input.
    var file: String?
    /// The line of the file or of standard input, from 1; nil for arguments.
    var line: Int?
    /// Why there is no text.
    var fault: LineFault?
    /// The line of the references that belongs to the text; nil where there are none.
    var reference: String?
    /// Of this text and all before it that were given.
    var digest = TextDigest()

    /// FILE:LINE, or which argument.
    var name: String {
        guard let line else { return "argument \(index + 1)" }
        return "\(file ?? LineReader.standardInput.name):\(line)"
    }
}

/// A digest of a sequence of texts, which tells whether a later run reads the same ones: FNV-1a of 64 bits
/// (draft-eastlake-fnv), a guard against mistakes and not against malice.
struct TextDigest: Sendable, Equatable {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Takes a text in; nil: a line that is none.
    mutating func add(_ text: String?) {
        for byte in text?.utf8 ?? "".utf8 { add(byte) }
        // Bytes that UTF-8 does not have: what was one line is never the same as two.
        add(text == nil ? 0xFE : 0xFF)
    }

    private mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x100_0000_01B3
    }
}

/// Every N-th text, so that N processes share a corpus and none of them has to know how long it is.
struct Shard: Sendable, Equatable, CustomStringConvertible {
    /// Which one, 1 … `count`.
    let number: Int
    /// N.
    let count: Int

    /// All texts.
    static let whole = Shard(number: 1, count: 1)

    /// As it is given: I/N.
    var description: String { "\(number)/\(count)" }

    /// Whether a text is in it; `index` counts all texts from 0.
    func contains(_ index: Int) -> Bool { index % count == number - 1 }
}

extension Shard {
    /// Reads I/N.
    ///
    /// - Throws: `ValidationError` with what would be right.
    init(argument: String) throws {
        let numbers = argument.split(separator: "/", omittingEmptySubsequences: false).map {
            Int($0)
        }
        guard numbers.count == 2, let number = numbers[0], let count = numbers[1],
            count >= 1, (1...count).contains(number)
        else {
            throw ValidationError("I/N has I from 1 to N, such as 1/4 … 4/4.")
        }
        self.init(number: number, count: count)
    }
}

/// The texts of a command: its arguments, or the lines of files or of standard input, one after the other; those
/// of a shard.
struct TextSource {
    private let shard: Shard
    private var arguments: ArraySlice<String>
    private var lines: LineFiles
    private var references: References?
    /// Texts read, those of other shards among them.
    private var count = 0
    private var digest = TextDigest()

    /// Opens all files, so that one that is not there ends the command before any work.
    ///
    /// - Parameters:
    ///   - arguments: the texts where there are no files.
    ///   - files: whose lines are the texts.
    ///   - references: files with a line for each text; none: texts have no references.
    ///   - shard: which of the texts.
    /// - Throws: `TextFileError`.
    init(
        arguments: [String], files: [String], references: [String] = [], shard: Shard = .whole
    ) throws {
        self.shard = shard
        self.references = references.isEmpty ? nil : try References(references)
        self.arguments = arguments[...]
        let standard = LineReader.standardInput.path
        let paths = arguments.isEmpty && files.isEmpty ? [standard] : files
        lines = try LineFiles(paths)
    }

    /// The next text of the shard with its place; none where it is at fault; nil at the end.
    ///
    /// - Throws: `TextFileError` where a file cannot be read on; `Failure` where there are not as many references.
    mutating func next() throws -> (place: TextPlace, text: String?)? {
        while let (found, text) = try read() {
            var place = found
            place.reference = try references?.next(for: place)
            guard shard.contains(place.index) else { continue }
            digest.add(text)
            if let reference = place.reference { digest.add(reference) }
            place.digest = digest
            return (place, text)
        }
        try references?.end()
        return nil
    }

    /// Goes past texts of the shard that an earlier run has read.
    ///
    /// - Returns: whether there are so many and they have this digest.
    /// - Throws: as `next`.
    mutating func skip(_ number: Int, digest expected: TextDigest) throws -> Bool {
        for _ in 0..<number {
            guard try next() != nil else { return false }
        }
        return digest == expected
    }

    /// The next text of any shard.
    private mutating func read() throws -> (place: TextPlace, text: String?)? {
        var place = TextPlace(index: count)
        if let text = arguments.popFirst() {
            count += 1
            return (place, text)
        }
        guard let (path, _, line) = try lines.next() else { return nil }
        count += 1
        place.file = path == LineReader.standardInput.path ? nil : path
        place.line = line.number
        switch line.content {
        case .success(let text):
            return (place, text)
        case .failure(let fault):
            place.fault = fault
            return (place, nil)
        }
    }
}
