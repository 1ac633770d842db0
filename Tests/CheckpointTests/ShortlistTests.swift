import Checkpoint
import TestSupport
import Testing

@Suite("Shortlists beside a model")
struct ShortlistTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Copies a model of Tests/Golden/marian.
    private func copy(_ model: String) throws {
        for name in try Repository.names(in: "Tests/Golden/marian/\(model)")
        where name != "outputs.json" {
            try directory.write(
                Repository.bytes("Tests/Golden/marian/\(model)/\(name)"), to: name)
        }
    }

    @Test(
        "Candidates are those of an independent implementation of Marian's rule",
        arguments: ["ssru", "before"])
    func candidates(model: String) throws {
        let golden = try ShortlistGolden(model)
        try copy(model)
        try directory.write(golden.file, to: "lex.50.50.aabb.s2t.bin")
        let shortlist = try #require(try Checkpoint(directory: directory.path).shortlist)
        #expect(shortlist.file == "lex.50.50.aabb.s2t.bin")
        #expect(golden.cases.count >= 48)
        for golden in golden.cases {
            #expect(shortlist.candidates(of: golden.source) == golden.candidates)
        }
    }

    @Test("A sentence has the end of sentence among its candidates, whatever the file says")
    func endOfSentence() throws {
        try copy("before")
        let lists = (0..<56).map { [$0 + 8] }
        try directory.write(ShortlistFile.bytes(first: 0, lists: lists), to: "lexicon.bin")
        #expect(try Checkpoint(directory: directory.path).shortlist == nil)
        try directory.write(ShortlistFile.bytes(first: 0, lists: lists), to: "lex.s2t.bin")
        let shortlist = try #require(try Checkpoint(directory: directory.path).shortlist)
        #expect(shortlist.candidates(of: [5]) == [0, 1, 2, 3, 4, 5, 6, 13])
        #expect(shortlist.candidates(of: Array(0..<56)).count == 64)
    }

    @Test("A shortlist that is written is Marian's format, and read again the same")
    func writing() throws {
        try copy("before")
        let lists = (0..<56).map { id in (0..<id % 5).map { (7 * id + 3 * $0) % 64 } }
        let checkpoint = try Checkpoint(directory: directory.path)
        let made = checkpoint.shortlist(of: lists)
        try checkpoint.writeShortlist(made)
        #expect(directory.bytes("shortlist.bin") == ShortlistFile.bytes(first: 0, lists: lists))
        let read = try #require(try Checkpoint(directory: directory.path).shortlist)
        #expect(read.bestCount == 4 && read.firstCount == 0)
        for source in [[4, 9, 0], [55, 54, 53], [0], Array(0..<56)] {
            #expect(read.candidates(of: source) == made.candidates(of: source))
        }
    }

    @Test("Of several the one counts that settings name; without any they are refused")
    func several() throws {
        let golden = try ShortlistGolden("ssru")
        try copy("ssru")
        for name in ["lex.aabb.bin", "lex.bbaa.bin"] { try directory.write(golden.file, to: name) }
        #expect(fault(of: directory)?.code == .unsupportedFormat)
        let settings = "relative-paths: true\nshortlist:\n  - ./lex.bbaa.bin\n  - false\n"
        try directory.write(Array(settings.utf8), to: "config.yml")
        #expect(try Checkpoint(directory: directory.path).shortlist?.file == "lex.bbaa.bin")
        try directory.write(Array("shortlist: lex.aabb.s2t.gz\n".utf8), to: "config.yml")
        #expect(fault(of: directory)?.code == .unsupportedFormat)
    }

    @Test(
        "What is no shortlist, or that of another model, is refused by its name",
        arguments: [
            ([:], 0, CheckpointError.Code.malformedShortlist),
            ([0: 1], 60, .malformedShortlist), ([8: 1], 60, .malformedShortlist),
            ([16: 1], 60, .malformedShortlist), ([40: 1], 60, .malformedShortlist),
            ([:], 59, .outOfRange), ([:], 61, .outOfRange),
        ] as [([Int: UInt8], Int, CheckpointError.Code)])
    func refusals(changes: [Int: UInt8], lists count: Int, code: CheckpointError.Code) throws {
        try copy("ssru")
        var bytes = ShortlistFile.bytes(first: 8, lists: (0..<count).map { [$0, 59 - $0 / 2] })
        if count == 0 { bytes = Array(bytes.prefix(40)) }
        for (place, change) in changes { bytes[place] ^= change }
        try directory.write(bytes, to: "lex.s2t.bin")
        let fault = fault(of: directory)
        #expect(fault?.code == code)
        #expect(fault?.file == "lex.s2t.bin")
    }

    @Test("A target id that the model lacks is refused")
    func foreignID() throws {
        try copy("ssru")
        let lists = (0..<60).map { $0 == 7 ? [60] : [$0] }
        try directory.write(ShortlistFile.bytes(first: 8, lists: lists), to: "lex.s2t.bin")
        #expect(fault(of: directory)?.code == .outOfRange)
    }

    @Test("A mutated shortlist is refused by its name or gives ids of the model")
    func mutations() throws {
        let original = try ShortlistGolden("before").file
        try copy("before")
        var random = SeededGenerator(seed: 5)
        var (loaded, refused) = (0, 0)
        for turn in 0..<1_000 {
            var bytes = original
            for _ in 0...random.below(3) {
                switch turn % 3 {
                case 0:
                    // What describes the tables stands at the start.
                    var head = Array(bytes.prefix(520))
                    random.mutate(&head)
                    bytes = head + bytes.dropFirst(520)
                case 1: random.mutate(&bytes)
                default:
                    // The tables stay as long as they are; the lowest byte of a number is another.
                    bytes[4 * random.below(bytes.count / 4)] = UInt8(random.below(80))
                }
            }
            // Of a file whose checksum fits, too, the tables may say anything.
            if !turn.isMultiple(of: 4) { ShortlistFile.sign(&bytes) }
            try directory.write(bytes, to: "lex.s2t.bin")
            do {
                let shortlist = try #require(try Checkpoint(directory: directory.path).shortlist)
                loaded += 1
                for source in [[0], [55, 3, 0], Array(0..<56)] {
                    let ids = shortlist.candidates(of: source)
                    #expect(ids == Set(ids).sorted())
                    #expect(ids.allSatisfy { (0..<64).contains($0) })
                    #expect(ids.count.isMultiple(of: 8))
                }
            } catch let error as CheckpointError {
                refused += 1
                #expect(error.file == "lex.s2t.bin")
            }
        }
        #expect(loaded > 20 && refused > 500)
    }

    @Test("An import keeps it as it is, and the network's checksum does not depend on it")
    func written() throws {
        try copy("ssru")
        let plain = try Checkpoint(directory: directory.path).checksums()
        let golden = try ShortlistGolden("ssru")
        try directory.write(golden.file, to: "lex.aabb.s2t.bin")
        let original = try Checkpoint(directory: directory.path)
        #expect(try original.checksums().network == plain.network)
        #expect(try original.checksums().files != plain.files)
        try original.write(to: directory.path + "/new")
        #expect(directory.bytes("new/shortlist.bin") == golden.file)
        let copy = try Checkpoint(directory: directory.path + "/new")
        try copy.write(to: directory.path + "/newer")
        #expect(directory.bytes("newer/shortlist.bin") == golden.file)
        for golden in golden.cases {
            #expect(copy.shortlist?.candidates(of: golden.source) == golden.candidates)
        }
    }
}
