import Configuration
import Digest
import Glibc
import System
import TranslationAPI

/// The files that `auth.keys_file` and `metrics.token_file` name.
enum KeysFile {
    /// Some ten thousand keys.
    private static let byteLimit = 1 << 20

    /// Its keys; nil for the empty path, which asks for none.
    ///
    /// - Throws: `Failure` that names the file, and the line that is at fault.
    static func read(_ path: String) throws -> APIKeys? {
        guard !path.isEmpty else { return nil }
        let text = try text(of: path, "auth.keys_file")
        do {
            return try APIKeys(text, digest: SHA256.digest)
        } catch {
            throw Failure("auth.keys_file \(path) \(error)", code: EX_CONFIGURATION)
        }
    }

    /// The token in the file that `metrics.token_file` names; nil for the empty path, which asks for none.
    ///
    /// - Throws: `Failure` that names the file.
    static func token(_ path: String) throws -> AccessToken? {
        guard !path.isEmpty else { return nil }
        guard let token = AccessToken(try text(of: path, "metrics.token_file")) else {
            throw Failure(
                "metrics.token_file \(path) must hold one token, without blanks inside",
                code: EX_CONFIGURATION)
        }
        return token
    }

    /// The text of a regular file, which is not waited for.
    private static func text(of path: String, _ setting: String) throws -> String {
        let bytes: [UInt8]
        do {
            bytes = try RegularFile.bytes(path, limit: byteLimit)
        } catch {
            throw Failure("\(setting) \(error)", code: EX_NOINPUT)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure("\(setting) \(path): not UTF-8", code: EX_DATAERR)
        }
        return text
    }
}
