import COpenSSL
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
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
