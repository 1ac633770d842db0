import Configuration
import Glibc
import System

/// A file that is replaced whole, or not at all.
final class ReplacedFile {
    let path: String
    private var file: AtomicFile

    init(_ path: String) throws {
        self.path = path
        file = try Failure.unwritable { () throws(FileError) in try AtomicFile(path) }
    }

    func append(_ text: String) throws {
        try Failure.unwritable { () throws(FileError) in try file.append(Array(text.utf8)) }
    }

    func commit() throws {
        try Failure.unwritable { () throws(FileError) in try file.commit() }
    }
}

extension Failure {
    /// Runs `body`, and makes a command's end of what is wrong with a file that it writes.
    static func unwritable<Value: ~Copyable>(
        _ body: () throws(FileError) -> Value
    ) throws -> Value {
        do {
            return try body()
        } catch {
            throw Failure("\(error)", code: EX_CANTCREAT)
        }
    }
}
