import ArgumentParser
import Configuration
import TextFiles

extension Failure {
    /// Prints the message of what `body` throws and leaves with its code.
    static func reporting(_ body: () throws -> Void) throws {
        do {
            do {
                try body()
            } catch let error as TextFileError {
                throw Failure(error)
            }
        } catch let failure as Failure {
            writeMessage(failure.description)
            throw ExitCode(failure.code)
        }
    }
}

/// Writes a line that begins with the tool's name to standard error.
func writeMessage(_ text: String) {
    writeError(Style.standardError.applied(.fault, to: "shoal:") + " \(text)\n")
}
