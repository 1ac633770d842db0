import Configuration
import Glibc
import TranslationAPI

/// The file that `auth.keys_file` names.
enum KeysFile {
    /// Its keys; nil for the empty path, which asks for none.
    ///
    /// - Throws: `Failure` that names the file, and the line that is at fault.
    static func read(_ path: String) throws -> APIKeys? {
        guard !path.isEmpty else { return nil }
        let text = try readLines(path).joined(separator: "\n")
        do {
            return try APIKeys(text, digest: sha256)
        } catch {
            throw Failure("auth.keys_file \(path) \(error)", code: EX_CONFIGURATION)
        }
    }
}
