package import Configuration
import Glibc
import HTTPServer

extension Failure {
    /// What ends a command whose model cannot be loaded: 66 where there is no such directory, or it cannot
    /// be read, and 65 where what it holds is no checkpoint that can be used.
    ///
    /// - Parameters:
    ///   - directory: of the model.
    ///   - error: what loading it threw.
    package init(loading directory: String, _ error: any Error) {
        if let failure = error as? Failure {
            self = failure
        } else {
            let isThere = access(directory, R_OK | X_OK) == 0
            self.init("\(error)", code: isThere ? EX_DATAERR : EX_NOINPUT)
        }
    }

    /// What ends a server that cannot listen.
    init(_ error: HTTPServerError) {
        self.init("\(error)", code: error.isConfiguration ? EX_CONFIGURATION : EX_UNAVAILABLE)
    }
}
