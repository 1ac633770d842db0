import COpenSSL
import Configuration
import Glibc

/// The SHA-256 of a file in hexadecimal.
///
/// - Throws: `Failure` where the file cannot be read.
func checksum(_ path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw Failure("\(path): \(String(cString: strerror(errno)))", code: EX_NOINPUT)
    }
    defer { close(descriptor) }
    guard let context = EVP_MD_CTX_new() else { throw Failure("no memory for a checksum") }
    defer { EVP_MD_CTX_free(context) }
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { break }
        guard count > 0 else {
            throw Failure("\(path): \(String(cString: strerror(errno)))", code: EX_IOERR)
        }
        EVP_DigestUpdate(context, buffer, count)
    }
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_DigestFinal_ex(context, &digest, nil)
    return digest.hexadecimal
}

/// The SHA-256 of bytes.
package func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
    return digest
}

extension [UInt8] {
    /// Two digits for each byte.
    package var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
