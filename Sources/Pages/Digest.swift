import COpenSSL

/// The SHA-256 of bytes in base64.
func base64Digest(_ bytes: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
    // Four characters for each three bytes begun, and a zero.
    var text = [UInt8](repeating: 0, count: 45)
    EVP_EncodeBlock(&text, digest, CInt(digest.count))
    return String(decoding: text.dropLast(), as: UTF8.self)
}
