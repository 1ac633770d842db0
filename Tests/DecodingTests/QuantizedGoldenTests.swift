import Checkpoint
import Decoding
import JSON
import Tensor
import TestSupport
import Testing
import TranslationModel

@Suite("In 8 bits, against an independent implementation")
struct QuantizedGoldenTests {
    /// How the sentences of a golden file compare.
    private struct Agreement {
        var sentences = 0
        /// Tokens and exit layers are the same.
        var same = 0
        /// Of these, log-probabilities are the same but for the last of the five digits.
        var exact = 0
        /// The greatest difference of log-probabilities where tokens and exits are the same.
        var greatest = 0.0

        mutating func add(_ best: Hypothesis, _ golden: Golden.Sentence) {
            sentences += 1
            guard best.tokens.map(\.id) == golden.targetIDs,
                best.tokens.map(\.exitLayer) == golden.exitLayers
            else { return }
            same += 1
            let difference = zip(best.tokens, golden.logProbabilities).reduce(0) {
                max($0, abs(Double($1.0.logProbability) - $1.1))
            }
            if difference < 1.5e-5 { exact += 1 }
            greatest = max(greatest, difference)
        }
    }

    /// Only attention and layer normalisation differ, for products are exact.
    ///
    /// They differ by units in the last place, 2^−23 of a value. Such a unit moves an activation of k
    /// steps, k ≤ 127, across the border between two steps in about one of 10^5 cases, a key or value
    /// across that between two numbers of 16 bits in one of 10^4, and a sentence has tens of thousands of
    /// them. So about half of the sentences agree to the last digit,
    /// and an error in the definition of products leaves few or none. In the others one step, 1/127 of
    /// a row's greatest value, moves more activations across: they are off by as much as rounding itself
    /// is, hundredths in log-probabilities, and now and then a near tie goes the other way. The
    /// independent implementation differs from itself as much when it computes attention and
    /// normalisation in fp64 (Tools/golden/README.md).
    @Test(
        "Sentences agree, many to the last digit, the others but for steps that rounding moved",
        arguments: [
            (Precision.int8, "models/multi30k-de-en", "own-int8.json"),
            (.int7, "models/multi30k-de-en", "own-int7.json"),
            (
                .int8, "Tests/Golden/variants/separate-classifiers-f16",
                "variants/separate-classifiers-f16-int8.json"
            ),
        ])
    func agreesWithGolden(precision: Precision, checkpoint: String, file: String) throws {
        let checkpoint = try Checkpoint(directory: Repository.path(checkpoint))
        let model = try TranslationModel(checkpoint, precision: precision)
        var agreement = Agreement()
        for golden in try Golden(file).cases {
            let options = try goldenOptions(golden.settings, layers: model.decoderLayerCount)
            let results = try decodeTogether(golden.sentences.map(\.sourceIDs), options, model)
            for (sentence, result) in zip(golden.sentences, results) {
                agreement.add(try #require(result.hypotheses.first), sentence)
            }
        }
        #expect(agreement.exact * 5 >= agreement.sentences * 2, "\(agreement)")
        #expect(agreement.same * 20 >= agreement.sentences * 19, "\(agreement)")
        #expect(agreement.greatest < 0.15, "\(agreement)")
    }
}
