import Calibration
import Checkpoint
import Configuration
import Glibc
import TranslationService

extension Failure {
    /// The failure of a text that was not translated.
    init(_ error: TranslationError, at place: String, _ model: ServedModel) {
        switch error {
        case .invalid(let invalid):
            let isTooLong = invalid.faults.contains { $0.kind == .textTooLong }
            let limit = model.checkpoint.configuration.maximumPositions
            self.init(
                isTooLong
                    ? "\(place): more than \(limit) tokens, the most that the model takes"
                    : "\(place): \(invalid.text(naming: \.flag))", code: EX_DATAERR)
        case .decoding(let error): self.init("\(place): \(error)", code: EX_SOFTWARE)
        case .overloaded, .loading, .unavailable, .shuttingDown, .deadlineExceeded, .cancelled:
            self.init("\(place): \(error)", code: EX_SOFTWARE)
        }
    }
}

extension Failure {
    /// Runs `body` on the lines of a file, and adds file and line to what is wrong with one of them.
    static func placing<Value>(
        at file: String, _ model: ServedModel, _ body: () throws -> Value
    ) throws -> Value {
        do {
            return try body()
        } catch let fault as CorpusTranslator.Fault {
            throw Failure(fault.error, at: "\(file):\(fault.index + 1)", model)
        } catch let fault as ValidationSet.Fault {
            throw Failure("\(file):\(fault.index + 1): \(fault)", code: EX_DATAERR)
        }
    }
}
