import ArgumentParser
import Glibc
import TranslationService

/// The checkpoint that a command works on.
struct ModelOption: ParsableArguments {
    @Option(name: .long, help: "Checkpoint directory (or SHOAL_MODEL_PATH).")
    var model: String?

    /// Loads it, or ends the command with what is wrong with it.
    func load() throws -> ServedModel {
        guard let path = model ?? getenv("SHOAL_MODEL_PATH").map({ String(cString: $0) }) else {
            throw ValidationError("Name a checkpoint directory with --model.")
        }
        do {
            return try ServedModel(directory: path)
        } catch {
            throw Failure("\(error)", code: EX_DATAERR)
        }
    }
}
