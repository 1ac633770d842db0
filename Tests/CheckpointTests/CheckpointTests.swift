import Checkpoint
import JSON
import TestSupport
import Testing

@Suite struct CheckpointTests {
    @Test("A complete directory gives configuration, vocabularies, exits and weights")
    func complete() throws {
        let checkpoint = try load()
        let configuration = checkpoint.configuration
        #expect(configuration.width == 16)
        #expect(configuration.encoder.layers == 2)
        #expect(configuration.decoder.layers == 3)
        #expect(configuration.encoder.heads == 2)
        #expect(configuration.decoder.heads == 4)
        #expect(configuration.decoder.feedForwardWidth == 40)
        #expect(configuration.activation == .swish)
        #expect(configuration.bannedIDs == [23])
        #expect(checkpoint.tokenizer.sourceLanguage == "de")
        #expect(checkpoint.tokenizer.targetLanguage == "en")
        #expect(checkpoint.sourceVocabulary.id(of: "</s>") == 0)
        #expect(checkpoint.targetVocabulary.piece(of: 5) == "▁p5")
        #expect(checkpoint.sourceModel == Array("source".utf8))
        #expect(checkpoint.exits.decoderTraining == .aligned)
        #expect(
            try checkpoint.weights.floats(named: "model.shared.weight", shape: [24, 16]).count
                == 384)
        let heads = try #require(checkpoint.exitHeads)
        #expect(try heads.floats(named: "exits.sequence.bias", shape: [3]).count == 3)
        let files = checkpoint.files.map(\.name)
        #expect(
            Set(files) == [
                "config.json", "tokenizer_config.json", "vocab.json", "source.spm", "target.spm",
                "model.safetensors", "exits.json", "exits.safetensors",
            ])
    }

    @Test(
        "The length that a model is good for is a number of at least 2, or not known",
        arguments: [
            (JSONValue.integer(38), 38), (.number(512), 512), (.number(1e30), nil), (nil, nil),
        ])
    func maximumLength(value: JSONValue?, length: Int?) throws {
        var writer = CheckpointWriter()
        writer.tokenizerConfig = writer.tokenizerConfig.setting("model_max_length", value)
        #expect(try load(writer).tokenizer.maximumLength == length)
    }

    @Test(
        "A length of a model that is none is refused",
        arguments: [JSONValue.integer(1), .string("9")])
    func noMaximumLength(value: JSONValue) throws {
        let fault = try fault {
            $0.tokenizerConfig = $0.tokenizerConfig.setting("model_max_length", value)
        }
        #expect(fault?.subject == "model_max_length")
    }

    @Test("The same options write the same bytes")
    func deterministicWriter() {
        #expect(CheckpointWriter().contents == CheckpointWriter().contents)
    }

    @Test(
        "Weights read back as they were written, in all three element types",
        arguments: TensorFile.ElementType.allCases)
    func elementTypes(type: TensorFile.ElementType) throws {
        var writer = CheckpointWriter()
        // Three bytes before them leave all other tensors unaligned.
        let values: [Float] = [
            0, -0.0, 1, -2.5, 0x1p-24, -0x1p-14, 65504, 0x1.8p-20, 0.333251953125,
        ]
        let exact = type == .bfloat16 ? Array(values.prefix(6)) : values
        writer.model.tensors.insert(
            .init(name: "odd", elementType: "U8", shape: [3], data: [1, 2, 3]), at: 0)
        writer.model.append("exact", [exact.count], exact, type)
        let read = try load(writer).weights.floats(named: "exact", shape: [exact.count])
        #expect(read.map(\.bitPattern) == exact.map(\.bitPattern))
    }

    @Test("Every binary16 value that is finite widens exactly")
    func allHalves() throws {
        let halves = (0...UInt16.max).map { Float16(bitPattern: $0) }.filter(\.isFinite)
        var writer = CheckpointWriter()
        writer.model.append("halves", [halves.count], halves.map { Float($0) }, .float16)
        let read = try load(writer).weights.floats(named: "halves", shape: [halves.count])
        #expect(zip(read, halves).allSatisfy { $0.bitPattern == Float($1).bitPattern })
    }

    @Test(
        "A file that is needed and not there is named",
        arguments: [
            "config.json", "vocab.json", "source.spm", "target.spm", "model.safetensors",
        ])
    func missingFile(name: String) throws {
        let error = try fault(CheckpointWriter(), leavingOut: [name])
        #expect(error?.code == .fileMissing)
        #expect(error?.file == name)
    }

    @Test("A directory that is not there is named")
    func missingDirectory() {
        let error = #expect(throws: CheckpointError.self) {
            try Checkpoint(directory: "/nowhere/at/all")
        }
        #expect(error?.code == .fileMissing)
        #expect(error?.file == "/nowhere/at/all")
    }

    @Test("A pipe or a directory in a file's place is refused and not waited for")
    func pipe() throws {
        let directory = try TemporaryDirectory()
        try CheckpointWriter().write(to: directory, leavingOut: ["vocab.json"])
        try directory.makePipe("vocab.json")
        let error = #expect(throws: CheckpointError.self) {
            try Checkpoint(directory: directory.path)
        }
        #expect(error?.code == .fileUnreadable)
        #expect(error?.file == "vocab.json")
    }

    @Test("Optional files may be absent and then have their defaults")
    func defaults() throws {
        let checkpoint = try load(
            CheckpointWriter(),
            leavingOut: ["tokenizer_config.json", "exits.json", "exits.safetensors"])
        #expect(checkpoint.tokenizer.sourceLanguage == nil)
        #expect(!checkpoint.tokenizer.separateVocabularies)
        #expect(checkpoint.exits.defaultPolicy == .full)
        #expect(checkpoint.exits.thresholds[.confidence] == [0.9, 0.9])
        #expect(checkpoint.exits.thresholds[.tokenGeometric] == [0.5, 0.5])
        #expect(checkpoint.exitHeads == nil)
    }

    @Test("Separate vocabularies read target_vocab.json, which then has to be there")
    func separateVocabularies() throws {
        var options = CheckpointWriter.Options()
        options.separateVocabularies = true
        var writer = CheckpointWriter(options)
        writer.files["target_vocab.json"] = Array(#"{"</s>":0,"<unk>":1,"x":2,"<pad>":23}"#.utf8)
        let checkpoint = try load(writer)
        #expect(checkpoint.targetVocabulary.id(of: "x") == 2)
        #expect(checkpoint.sourceVocabulary.id(of: "x") == nil)
        #expect(try fault(writer, leavingOut: ["target_vocab.json"])?.file == "target_vocab.json")
    }

    @Test("An error says file, subject, what was found and what is expected, in one line")
    func description() {
        let error = CheckpointError(
            .outOfRange, file: "config.json", subject: "d\nmodel", found: "7",
            expected: "an even number")
        #expect("\(error)" == #"config.json: "d\nmodel": found 7; expected an even number"#)
    }
}
