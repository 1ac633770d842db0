import Checkpoint
import TestSupport
import Testing

private let folder = "Tests/Golden/torch"

private func open(_ bytes: [UInt8]) throws -> Weights {
    let directory = try TemporaryDirectory()
    try directory.write(bytes, to: "x.bin")
    return try Weights(torch: "x.bin", in: directory.path)
}

private func fault(_ bytes: [UInt8]) -> CheckpointError? {
    do {
        let weights = try open(bytes)
        for entry in weights.entries {
            _ = try weights.floats(named: entry.name, shape: entry.shape)
        }
        return nil
    } catch {
        return error as? CheckpointError
    }
}

/// Members as they are, in a zip archive.
private func archive(_ members: [(name: String, bytes: [UInt8])], method: UInt8 = 0) -> [UInt8] {
    func field(_ value: Int, _ length: Int) -> [UInt8] {
        (0..<length).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, bytes) in members {
        let sizes = field(bytes.count, 4) + field(bytes.count, 4) + field(name.utf8.count, 2)
        let common = [method, 0] + field(0, 8) + sizes + field(0, 2)
        directory +=
            [0x50, 0x4B, 1, 2] + field(0, 6) + common + field(0, 10) + field(file.count, 4)
        directory += Array(name.utf8)
        file += [0x50, 0x4B, 3, 4] + field(0, 4) + common + Array(name.utf8) + bytes
    }
    let end = field(members.count, 2) + field(directory.count, 4) + field(file.count, 4)
    return file + directory + [0x50, 0x4B, 5, 6] + field(0, 4) + field(members.count, 2) + end
        + field(0, 2)
}

/// A file of PyTorch with this pickle, behind the number of the protocol.
private func file(pickle: [UInt8]) -> [UInt8] {
    archive([("archive/data.pkl", [0x80, 2] + pickle), ("archive/data/0", [0, 0, 0x80, 0x3F])])
}

private func file(pickle: String) -> [UInt8] { file(pickle: Array(pickle.utf8)) }

/// Instructions that make a tensor of one value; `shape` and `strides` as tuples.
private func tensor(
    offset: String = "K\0", shape: String = "K\u{1}\u{85}", strides: String = "K\u{1}\u{85}"
)
    -> String
{
    "ctorch._utils\n_rebuild_tensor_v2\n((U\u{7}storagectorch\nFloatStorage\nU\u{1}0U\u{3}cpuK\u{1}tQ"
        + offset + shape + strides + "NNtR"
}

/// Latin-1, so that instructions beyond ASCII can be written in a text.
private func bytes(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

/// Instructions of a pickle, shown with their control characters escaped.
struct Instructions: ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    CustomTestStringConvertible
{
    let text: String

    init(stringLiteral text: String) { self.text = text }

    var testDescription: String { text.unicodeScalars.map { $0.escaped(asASCII: true) }.joined() }
}

@Suite("Weights that PyTorch has saved", .timeLimit(.minutes(10)))
struct TorchFileTests {
    @Test(
        "A checkpoint with pytorch_model.bin has the tensors of the one with model.safetensors",
        arguments: ["new.bin", "old.bin"])
    func checkpoint(name: String) throws {
        let variant = "Tests/Golden/variants/untied-projection"
        let directory = try TemporaryDirectory()
        for name in try Repository.names(in: variant) where name != "model.safetensors" {
            try directory.write(Repository.bytes("\(variant)/\(name)"), to: name)
        }
        try directory.write(Repository.bytes("\(folder)/\(name)"), to: "pytorch_model.bin")
        let read = try Checkpoint(directory: directory.path)
        let expected = try Checkpoint(directory: Repository.path(variant))
        #expect(read.weights.file == "pytorch_model.bin")
        #expect(Set(read.weights.entries.map(\.name)) == Set(expected.weights.entries.map(\.name)))
        for entry in expected.weights.entries {
            let values = try read.weights.floats(named: entry.name, shape: entry.shape)
            #expect(values == (try expected.weights.floats(named: entry.name, shape: entry.shape)))
        }
        #expect(read.files.map(\.name).contains("pytorch_model.bin"))
        #expect(try read.checksum() != expected.checksum())
    }

    @Test(
        "Tensors that share values, of any type, are read where they lie",
        arguments: ["views.bin", "views-old.bin"])
    func views(name: String) throws {
        let weights = try Weights(torch: name, in: Repository.path(folder))
        let whole = (0..<24).map { Float($0) }
        for (name, shape, values) in [
            ("whole", [6, 4], whole), ("rows", [2, 4], Array(whole[8..<16])),
            ("parameter", [4], Array(whole[20...])), ("halves", [6, 4], whole),
            ("brains", [6, 4], whole), ("scalar", [], [7]), ("empty", [0, 3], []),
            ("narrow", [1, 1], [0]),
        ] {
            #expect(try weights.floats(named: name, shape: shape) == values, "\(name)")
        }
        #expect(weights.entry(named: "counts")?.elementType == .int64)
        #expect(!weights.contains("epoch"))
    }

    @Test("Values that do not lie row by row are refused by the tensor's name")
    func columns() throws {
        let error = fault(try Repository.bytes("\(folder)/columns.bin"))
        #expect(error?.code == .unsupportedFormat)
        #expect(error?.subject == "columns")
        #expect(error?.found == "shape [4, 6] with strides [1, 4]")
    }

    @Test("What makes a tensor by hand is read, so that the refusals below are for what they say")
    func byHand() throws {
        let weights = try open(file(pickle: bytes("}U\u{1}a\(tensor())s.")))
        #expect(try weights.floats(named: "a", shape: [1]) == [1])
    }

    @Test(
        "A pickle that asks for anything but tensors is refused by the name or the instruction",
        arguments: [
            ("cos\nsystem\nU\u{6}id>/tmp\u{85}R." as Instructions, "os.system"),
            ("cposix\nsystem\nU\u{2}id\u{85}R.", "posix.system"),
            ("c__builtin__\neval\nU\u{3}1+1\u{85}R.", "__builtin__.eval"),
            ("cbuiltins\ngetattr\n.", "builtins.getattr"),
            ("ctorch\nload\n.", "torch.load"),
            ("ctorch._utils\n_rebuild_tensor_v2\u{0}\n)R.", "torch._utils._rebuild_tensor_v2"),
            ("cargparse\nNamespace\n)\u{81}.", "argparse.Namespace"),
            ("U\u{2}os\u{8C}\u{6}system\u{93}.", "the instruction 140"),
            ("(U\u{2}idios\nsystem\n.", "the instruction 105"),
            ("(cos\nsystem\nU\u{2}ido.", "os.system"), (")\u{81}.", "the instruction 129"),
            ("\u{82}\u{1}.", "the instruction 130"), ("P0\n.", "the instruction 80"),
            ("\u{95}\0\0\0\0\0\0\0\0.", "the instruction 149"), ("\u{80}\u{4}.", "protocol"),
            ("K\u{1}}b.", "attributes"), ("K\u{1}.", "no dictionary"), ("}.", "without tensors"),
        ])
    func refused(pickle: Instructions, found: String) throws {
        let error = fault(file(pickle: bytes(pickle.text)))
        #expect(error?.code == .unsupportedFormat)
        #expect(error?.found.contains(found) == true, "\(error?.found ?? "nothing")")
    }

    @Test(
        "A pickle or a tensor that does not add up is refused",
        arguments: [
            "" as Instructions, "}", ".", "}u.", "(}u.", "K", "X\u{FF}\u{FF}\u{FF}\u{7F}a.",
            "h\u{7}.", "q\u{1}.",
            "]K\u{1}K\u{2}s.",
            "}K\u{1}a.", "(K\u{1}0t.", "\u{85}.", "K\u{1}R.", "ctorch\n",
            "ctorch\nFloatStorage\n)R.",
            "K\u{1}Q.", "\u{8A}\u{9}\u{1}.", "}U\u{1}a\(tensor(offset: "K\u{1}"))s.",
            "}U\u{1}a\(tensor(offset: "J\u{FF}\u{FF}\u{FF}\u{FF}"))s.",
            "}U\u{1}a\(tensor(shape: "K\u{2}\u{85}"))s.",
            "}U\u{1}a\(tensor(shape: "K\u{1}K\u{1}\u{86}"))s.",
            "}U\u{1}a\(tensor(shape: "N"))s.", "}(U\u{1}a\(tensor())U\u{1}a\(tensor())u.",
        ])
    func malformed(pickle: Instructions) {
        let code = fault(file(pickle: bytes(pickle.text)))?.code
        #expect(code == .malformedArchive || code == .unsupportedFormat)
    }

    @Test("A pickle without measure is refused in bounded time and memory")
    func hostile() {
        func many(_ text: String, _ count: Int = 1 << 20) -> [UInt8] {
            let unit = bytes(text)
            return unit.count == 1
                ? [UInt8](repeating: unit[0], count: count)
                : Array(repeatElement(unit, count: count).joined())
        }
        let circle = bytes("]q\u{1}h\u{1}a.")
        let chain = many("]q\0]h\0a", 1 << 14) + bytes(".")
        let shared =
            bytes("K\u{1}") + many("q\0h\0\u{86}", 10_000) + bytes(".")
        for pickle in [
            bytes("N") + many("\u{85}"), many("]"), many("("), many("N"), many("}"), circle, chain,
            shared, bytes("Nr\u{FF}\u{FF}\u{FF}\u{FF}."), bytes("N") + many("q\u{1}", 1 << 14),
        ] {
            #expect(fault(file(pickle: pickle)) != nil)
        }
        let long = fault(file(pickle: [UInt8](repeating: UInt8(ascii: "N"), count: 5 << 20)))
        #expect(long?.code == .fileTooLarge)
    }

    @Test(
        "An archive that is packed, encrypted or not whole is refused, and nothing of it is unpacked"
    )
    func archives() throws {
        let packed = fault(archive([("archive/data.pkl", [0])], method: 8))
        #expect(packed?.code == .unsupportedFormat)
        #expect(packed?.subject == "archive/data.pkl")
        #expect(fault(archive([("a/x", []), ("a/x", [])]))?.code == .malformedArchive)
        #expect(fault(archive([("archive/other", [])]))?.code == .unsupportedFormat)
        #expect(fault([])?.code == .malformedArchive)
        #expect(fault([UInt8](repeating: 0x50, count: 100_000))?.code == .malformedArchive)
        let missing = archive([("archive/data.pkl", [0x80, 2] + bytes("}U\u{1}a\(tensor())s."))])
        #expect(fault(missing)?.subject == "a")
        let whole = try Repository.bytes("\(folder)/views.bin")
        for length in stride(from: 0, to: whole.count, by: 97) {
            #expect(fault(Array(whole.prefix(length))) != nil)
        }
    }

    @Test(
        "A mutated file is refused with a reason or has tensors within it, never a trap",
        arguments: ["views.bin", "views-old.bin", "new.bin", "old.bin"])
    func mutated(name: String) throws {
        let original = try Repository.bytes("\(folder)/\(name)")
        var random = SeededGenerator(seed: UInt64(original.count))
        var refused = 0
        for _ in 0..<(original.count < 10_000 ? 1000 : 200) {
            var bytes = original
            for _ in 0...random.below(3) { random.mutate(&bytes) }
            if fault(bytes) != nil { refused += 1 }
        }
        #expect(refused > 0)
    }
}
