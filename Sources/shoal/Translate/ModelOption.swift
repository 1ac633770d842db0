public import ArgumentParser
import Checkpoint
import Configuration
import Glibc
public import Tensor
import TranslationService

/// The checkpoint that a command works on.
struct ModelOption: ParsableArguments {
    /// What `serve` serves, too, where nothing is said.
    static let defaultPath = ServerSettings().modelPath

    @Option(
        name: .long,
        help: """
            Checkpoint directory (default: SHOAL_MODEL_PATH, or \(ModelOption.defaultPath) in the \
            working folder).
            """,
        completion: .directory)
    var model: String?

    @Option(
        name: .long,
        help: "Number format of the matrix products: float32 or int8 (or SHOAL_COMPUTE_PRECISION).")
    var precision: Precision?

    /// The directory that was named, by option or variable.
    var named: String? {
        let variable = getenv("SHOAL_MODEL_PATH").map { String(cString: $0) } ?? ""
        return model ?? (variable.isEmpty ? nil : variable)
    }

    /// Loads it, or ends the command with what is wrong with it: 66 where there is no such directory,
    /// otherwise 65.
    func load() throws -> ServedModel {
        try Self.load(
            named ?? Self.defaultPath, precision: chosenPrecision(),
            hint: named == nil ? "; name another with --model" : "")
    }

    /// The same of a directory that another argument names.
    static func load(
        _ path: String, precision: Precision = .float32, hint: String = ""
    ) throws -> ServedModel {
        do {
            return try ServedModel(directory: path, precision: precision)
        } catch let error as CheckpointError where error.file == path {
            throw Failure("\(error)\(hint)", code: EX_NOINPUT)
        } catch {
            throw Failure("\(path): \(error)", code: EX_DATAERR)
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
