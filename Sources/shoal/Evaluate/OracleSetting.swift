import ArgumentParser
import Checkpoint
import Configuration
import Glibc
import System
import TextFiles
import Tokenization
import Training
import TranslationModel
import TranslationService

/// An oracle as one argument: sequence or token, a slash, its kind, and lambda and sigma behind a colon.
struct OracleSetting {
    private let isSequence: Bool
    private let oracle: ExitOracle

    /// Reads an argument such as `token/smoothed_likelihood:lambda=0.1,sigma=4`.
    ///
    /// - Throws: `ValidationError` with what would be right.
    init(_ text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let names = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, ["sequence", "token"].contains(names[0]),
            let kind = ExitsConfiguration.Oracle(rawValue: String(names[1])), kind != .agreement
        else {
            throw ValidationError(
                "an oracle is sequence or token, a slash and likelihood, smoothed_likelihood, "
                    + "correctness or smoothed_correctness; given \u{201C}\(text)\u{201D}")
        }
        var numbers = ["lambda": 0.0, "sigma": 1.0]
        for member in parts.count > 1 ? parts[1].split(separator: ",") : [] {
            let sides = member.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, numbers[String(sides[0])] != nil,
                let value = Double(sides[1]), value >= 0
            else {
                throw ValidationError(
                    "an oracle takes lambda=NUMBER and sigma=NUMBER; given \u{201C}\(member)\u{201D}"
                )
            }
            numbers[String(sides[0])] = value
        }
        isSequence = names[0] == "sequence"
        oracle = ExitOracle(kind, lambda: numbers["lambda"] ?? 0, sigma: numbers["sigma"] ?? 1)
    }

    /// Its name with its numbers.
    var label: String {
        let smooths = oracle.oracle == .smoothedLikelihood || oracle.oracle == .smoothedCorrectness
        return
            "oracle \(isSequence ? "sequence" : "token") \(oracle.oracle.rawValue) λ \(oracle.lambda)"
            + (smooths && !isSequence ? " σ \(oracle.sigma)" : "")
    }

    /// The exit of each position of each reference; one for all positions of a sentence oracle.
    ///
    /// - Throws: `Failure` where the checkpoint cannot be one of training, or a text is too long.
    func exits(
        _ model: ServedModel, _ text: ParallelText, _ file: String
    ) throws -> [[Int]] {
        let checkpoint = model.checkpoint
        let network = TrainableNetwork(
            checkpoint.configuration,
            separateClassifiers: checkpoint.exits.classifiers == .separate)
        do {
            try network.load(checkpoint.weights, exits: checkpoint.exitHeads)
        } catch {
            throw Failure("\(checkpoint.directory): \(error)", code: EX_DATAERR)
        }
        network.repack(threads: Processors.available)
        let limit = checkpoint.configuration.maximumPositions
        let pairs = zip(text.sources, text.references).map {
            SentencePair(
                source: model.tokenizer.encode($0), target: model.tokenizer.encodeTarget($1))
        }
        if let long = pairs.firstIndex(where: { max($0.source.count, $0.target.count) > limit }) {
            throw Failure(
                "\(file):\(long + 1): more than \(limit) tokens, the most that the model takes",
                code: EX_DATAERR)
        }
        return network.exitRecords(pairs, threads: Processors.available).map {
            isSequence ? [oracle.sequenceExit($0)] : oracle.tokenExits($0)
        }
    }
}
