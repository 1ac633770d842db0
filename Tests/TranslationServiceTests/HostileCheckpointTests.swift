import Checkpoint
import Decoding
import Dispatch
import System
import Telemetry
import Tensor
import TestSupport
import Testing
import Tokenization
import TranslationModel
import TranslationService

private let files = [
    "config.json", "exits.json", "exits.safetensors", "model.safetensors", "source.spm",
    "target.spm", "tokenizer_config.json", "vocab.json",
]

/// Translates on this thread, as far as the model lets it.
private func translate(_ text: String, _ model: ServedModel, _ options: ExitOptions) {
    guard let rule = try? options.resolve(for: model) else { return }
    var decoding = DecodingOptions(exit: rule)
    decoding.beamSize = 2
    decoding.maximumTokens = min(4, model.checkpoint.configuration.maximumPositions - 1)
    let ids = Array(
        model.tokenizer.encode(text).prefix(model.checkpoint.configuration.maximumPositions))
    let states = model.network.encode([ids], scratch: EncoderScratch(for: model.network))
    let decoder = BatchDecoder(model: model.network)
    _ = decoder.add(source: states[0], options: decoding)
    while decoder.sentenceCount > 0 { _ = decoder.advance() }
}

@Suite("Checkpoints that come from anywhere", .timeLimit(.minutes(10)))
struct HostileCheckpointTests {
    @Test(
        "A text of more tokens than the model has positions is refused, whatever a request allows")
    func fewPositions() throws {
        let variant = "Tests/Golden/variants/untied-projection"
        let directory = try TemporaryDirectory()
        for name in files where name != "config.json" {
            try directory.write(Repository.bytes("\(variant)/\(name)"), to: name)
        }
        let text = String(decoding: try Repository.bytes("\(variant)/config.json"), as: UTF8.self)
        let short = text.replacing(
            "\"max_position_embeddings\": 64", with: "\"max_position_embeddings\": 2")
        #expect(short != text)
        try directory.write(Array(short.utf8), to: "config.json")
        let model = try ServedModel(directory: directory.path)
        let service = try TranslationService(
            model: model, configuration: .init(),
            metrics: ServiceMetrics(registry: MetricRegistry(), model: model))
        let answered = DispatchSemaphore(value: 0)
        let faults = Lock<[RequestFault]>([])
        for text in ["Ein Mann liest ein Buch und noch eines.", ""] {
            let options = DecodingOptions(exit: try ExitOptions().resolve(for: model))
            _ = service.submit(
                TranslationRequest(texts: [text], options: options, maximumSourceTokens: .max)
            ) { result in
                if case .failure(.invalid(let invalid)) = result {
                    faults.withLock { $0 += invalid.faults }
                }
                answered.signal()
            }
            #expect(answered.wait(timeout: .now() + 60) == .success)
        }
        #expect(faults.withLock { $0.map(\.kind) } == [.textTooLong])
        service.stop()
    }

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
                let model = try ServedModel(
                    directory: directory.path, precision: round % 2 == 0 ? .float32 : .int8)
                for policy in ExitPolicy.allCases {
                    var options = ExitOptions()
                    options.policy = policy
                    options.layer = policy.needsLayer ? 1 : nil
                    translate("Ein Mann liest.", model, options)
                }
            } catch {
                #expect("\(error)".utf8.count > 10, "an error says what is wrong")
                refused += 1
            }
            try directory.write(original, to: name)
        }
        #expect(refused > 0)
    }
}
