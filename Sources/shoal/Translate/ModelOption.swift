public import ArgumentParser
import Configuration
import Glibc
public import Tensor
import TranslationService

/// The checkpoint that a command works on.
struct ModelOption: ParsableArguments {
    @Option(name: .long, help: "Checkpoint directory (or SHOAL_MODEL_PATH).")
    var model: String?

    @Option(
        name: .long,
        help: "Numbers of the matrix products: float32 or int8 (or SHOAL_COMPUTE_PRECISION).")
    var precision: Precision?

    /// Loads it, or ends the command with what is wrong with it.
    func load() throws -> ServedModel {
        guard let path = model ?? getenv("SHOAL_MODEL_PATH").map({ String(cString: $0) }) else {
            throw ValidationError("Name a checkpoint directory with --model.")
        }
        do {
            return try ServedModel(directory: path, precision: chosenPrecision())
        } catch {
            throw Failure("\(error)", code: EX_DATAERR)
        }
    }

    private func chosenPrecision() throws -> Precision {
        if let precision { return precision }
        let key = "SHOAL_COMPUTE_PRECISION"
        guard let text = getenv(key).map({ String(cString: $0) }) else { return .float32 }
        guard let precision = Precision(rawValue: text) else {
            throw ValidationError("\(key) must be float32 or int8, not \"\(text)\".")
        }
        return precision
    }
}

extension Precision: ExpressibleByArgument {}
