import Configuration
import Digest
import Glibc
import System
import TranslationAPI

/// The file that `auth.keys_file` names.
enum KeysFile {
    /// Some ten thousand keys.
    private static let byteLimit = 1 << 20

    /// Its keys; nil for the empty path, which asks for none.
    ///
    /// - Throws: `Failure` that names the file, and the line that is at fault.
    static func read(_ path: String) throws -> APIKeys? {
        guard !path.isEmpty else { return nil }
        do {
            let bytes = try RegularFile.bytes(path, limit: byteLimit)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Failure("auth.keys_file \(path): not UTF-8", code: EX_CONFIGURATION)
            }
            return try APIKeys(text, digest: SHA256.digest)
        } catch let error as FileError {
            throw Failure("auth.keys_file \(error)", code: EX_NOINPUT)
        } catch let error as APIKeysError {
            throw Failure("auth.keys_file \(path) \(error)", code: EX_CONFIGURATION)
        }
    }
}
