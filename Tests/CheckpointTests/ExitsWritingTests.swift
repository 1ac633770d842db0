import Checkpoint
import JSON
import TestSupport
import Testing

private typealias Exits = ExitsConfiguration

/// A value that exits.json can hold, different for every seed.
private func random(seed: UInt64, layers: Int) -> Exits {
    var random = SeededGenerator(seed: seed)
    func thresholds() -> [Double] {
        random.below(3) == 0
            ? Array(repeating: 0.25, count: layers - 1)
            : (1..<layers).map { _ in Double.random(in: 0...1, using: &random) }
    }
    var exits = Exits(decoderLayers: layers)
    exits.decoderTraining = Exits.DecoderTraining.allCases.randomElement(using: &random)
    exits.classifiers = random.below(2) == 0 ? .shared : .separate
    for policy in [ExitPolicy.sequence, .tokenMultinomial, .tokenGeometric]
    where random.below(2) == 0 {
        exits.heads[policy] = .init(
            oracle: random.below(2) == 0
                ? Exits.Oracle.allCases.randomElement(using: &random) : nil,
            lambda: random.below(2) == 0 ? Double.random(in: 0...2, using: &random) : nil,
            sigma: random.below(2) == 0 ? Double.random(in: 0...2, using: &random) : nil)
    }
    if exits.heads[.tokenGeometric] != nil { exits.thresholds[.tokenGeometric] = thresholds() }
    exits.thresholds[.confidence] = thresholds()
    for index in 0..<random.below(4) {
        exits.profiles.append(
            .init(
                name: "profile \(index) é\n", thresholds: thresholds(),
                bleu: random.below(2) == 0 ? Double.random(in: 0...100, using: &random) : nil,
                averageExit: random.below(2) == 0 ? 1 : nil))
    }
    if random.below(2) == 0 {
        exits.alignmentHeads = (1...layers).map { exit in
            (0...random.below(3)).map { _ in
                AlignmentHead(layer: 1 + random.below(exit), head: 1 + random.below(2))
            }
        }
    }
    exits.defaultPolicy =
        [.full, .sequence, .tokenGeometric, .confidence].randomElement(using: &random) ?? .full
    return exits
}

@Suite struct ExitsWritingTests {
    @Test("What is written reads back equal", arguments: 0..<100 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var options = CheckpointWriter.Options()
        options.decoderLayers = 1 + Int(seed % 6)
        let exits = random(seed: seed, layers: options.decoderLayers)
        var writer = CheckpointWriter(options)
        writer.exits = exits.json
        #expect(try load(writer).exits == exits)
    }

    @Test("Without a file the configuration is the one of its number of layers")
    func defaults() throws {
        var options = CheckpointWriter.Options()
        options.withExits = false
        let exits = try load(CheckpointWriter(options)).exits
        #expect(exits == Exits(decoderLayers: options.decoderLayers))
    }

    @Test("Thresholds of the geometric policy are written though nothing is said of its head")
    func thresholdsWithoutHead() {
        var exits = Exits(decoderLayers: 3)
        exits.thresholds[.tokenGeometric] = [0.5, 0.75]
        let policies = exits.json["policies"]?.objectValue
        let geometric = policies?["token_geometric"]?.objectValue
        #expect(geometric?["threshold"] == .array([.number(0.5), .number(0.75)]))
    }
}
