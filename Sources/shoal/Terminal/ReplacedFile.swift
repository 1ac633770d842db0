import Configuration
import Glibc
import System

/// A file that is replaced whole, or not at all.
final class ReplacedFile {
    let path: String
    private var file: AtomicFile

    init(_ path: String) throws {
        self.path = path
        do {
            file = try AtomicFile(path)
        } catch {
            throw Failure("\(error)", code: EX_CANTCREAT)
        }
    }

    func append(_ text: String) throws {
        try unwritable { () throws(FileError) in try file.append(Array(text.utf8)) }
    }

    func commit() throws {
        try unwritable { () throws(FileError) in try file.commit() }
    }

    private func unwritable(_ body: () throws(FileError) -> Void) throws {
        do {
            try body()
        } catch {
            throw Failure("\(error)", code: EX_CANTCREAT)
        }
    }
}
