internal import COpenSSL

/// Base64 (RFC 4648 §4), with padding.
public enum Base64 {
    /// Four characters for each three bytes begun.
    public static func text(_ bytes: [UInt8]) -> String {
        // OpenSSL writes a zero behind them.
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        EVP_EncodeBlock(&text, bytes, CInt(bytes.count))
        return String(decoding: text.dropLast(), as: UTF8.self)
    }
}
