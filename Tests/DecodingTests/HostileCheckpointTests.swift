import Checkpoint
import Decoding
import System
import Tensor
import TestSupport
import Testing
import Tokenization
import TranslationModel

private let files = [
    "config.json", "exits.json", "exits.safetensors", "model.safetensors", "source.spm",
    "target.spm", "tokenizer_config.json", "vocab.json",
]

/// Loads a checkpoint and translates on this thread, by each policy that it has what it needs for.
private func load(_ directory: String, _ precision: Precision) throws {
    let checkpoint = try Checkpoint(directory: directory)
    let tokenizer = try Tokenizer(checkpoint)
    let model = try TranslationModel(checkpoint, precision: precision)
    let layers = model.decoderLayerCount
    let ids = Array(
        tokenizer.encode("Ein Mann liest.").prefix(checkpoint.configuration.maximumPositions))
    for policy in ExitPolicy.allCases
    where policy.head.map(model.availableHeads.contains) ?? true {
        let parameters = ExitRule.Parameters(
            layer: policy.needsLayer ? 1 : nil,
            thresholds: checkpoint.exits.thresholds[policy] ?? [])
        var options = DecodingOptions(
            exit: ExitRule(policy, parameters, bounds: 1...layers, layerCount: layers))
        options.beamSize = 2
        options.maximumTokens = min(4, checkpoint.configuration.maximumPositions - 1)
        let states = model.encode([ids], scratch: EncoderScratch(for: model))
        let decoder = BatchDecoder(model: model)
        _ = decoder.add(source: states[0], options: options)
        while decoder.sentenceCount > 0 { _ = decoder.advance() }
    }
}

@Suite("Checkpoints that come from anywhere", .timeLimit(.minutes(10)))
struct HostileCheckpointTests {
    @Test(
        "A checkpoint with a mutated file is refused with a reason or translates",
        arguments: [
            "bf16-banned-ids", "separate-classifiers-f16", "swish-tied-unigram",
            "untied-projection",
        ])
    func mutated(_ variant: String) throws {
        let contents = try files.map {
            ($0, try Repository.bytes("Tests/Golden/variants/\(variant)/\($0)"))
        }
        let directory = try TemporaryDirectory()
        for (name, bytes) in contents { try directory.write(bytes, to: name) }
        var generator = SeededGenerator(seed: UInt64(variant.utf8.count))
        var refused = 0
        for round in 0..<400 {
            let (name, original) = contents[generator.below(contents.count)]
            var bytes = original
            for _ in 0...generator.below(3) { generator.mutate(&bytes) }
            try directory.write(bytes, to: name)
            do {
                try load(directory.path, round % 2 == 0 ? .float32 : .int8)
            } catch {
                #expect("\(error)".utf8.count > 10, "an error says what is wrong")
                refused += 1
            }
            try directory.write(original, to: name)
        }
        #expect(refused > 0)
    }
}
