import Checkpoint
import Decoding
import Tensor
import TestSupport
import Testing
import TranslationModel

@Suite("A model in 8 bits")
struct PrecisionTests {
    private let float: TranslationModel
    private let int8: TranslationModel
    private let sources: [[Int]]

    init() throws {
        let checkpoint = try Checkpoint(directory: Repository.model)
        float = try TranslationModel(checkpoint)
        int8 = try TranslationModel(checkpoint, precision: .int8)
        sources = try Golden("own.json").cases[0].sentences.map(\.sourceIDs)
    }

    @Test("takes less than a third of the memory")
    func size() {
        // A quarter of the products' weights; positions, biases and exit heads stay in fp32.
        #expect(int8.byteCount * 3 < float.byteCount)
    }

    @Test("keeps the keys and values of decoding in half the memory")
    func keysAndValues() {
        let (exact, rounded) = (stepByteCount(float), stepByteCount(int8))
        // Beside N · 2d numbers of a position there are d in fp32, and a row in which those of a layer are computed.
        #expect(rounded * 3 < exact * 2, "\(rounded) of \(exact) bytes")
    }

    /// Bytes that a step holds after all layers of 30 positions of each sentence.
    private func stepByteCount(_ model: TranslationModel) -> Int {
        let step = DecoderStep(for: model)
        let states = model.encode(sources, scratch: EncoderScratch(for: model)).map {
            DecoderState(source: $0, in: step)
        }
        step.begin(states.flatMap { $0.append(feeding: (0..<30).map { _ in nil }) })
        for n in 1...model.decoderLayerCount { step.runLayer(n) }
        return step.byteCount
    }

    /// A value is off by a 254th of its row's greatest at most, a 440th in the mean square; with rows
    /// whose greatest value is about four times their root mean square, each of the two factors adds 1 %
    /// to a product, four products a layer in a row, six layers: √48 · 1 %, about 7 %.
    @Test("gives encoder states within 15 % of those in fp32")
    func encoderStates() {
        let exact = float.encode(sources, scratch: EncoderScratch(for: float))
        let rounded = int8.encode(sources, scratch: EncoderScratch(for: int8))
        for (a, b) in zip(exact, rounded) {
            var difference = 0.0
            var size = 0.0
            for row in 0..<a.rows {
                for (x, y) in zip(a.row(row), b.row(row)) {
                    difference += Double((x - y) * (x - y))
                    size += Double(x * x)
                }
            }
            #expect(difference.squareRoot() < 0.15 * size.squareRoot())
        }
    }

    @Test("gives every hypothesis of a beam the score that its tokens add up to")
    func scores() throws {
        var options = DecodingOptions(
            exit: ExitRule(.full, layerCount: 6))
        options.beamSize = 4
        options.hypothesisCount = 4
        for result in try decodeTogether(sources, options, int8) {
            for hypothesis in result.hypotheses {
                let sum = hypothesis.tokens.reduce(0) { $0 + Double($1.logProbability) }
                let length = Double(hypothesis.tokens.count)
                #expect(abs(hypothesis.score - sum / length) < 1e-9)
            }
        }
    }
}
