import COpenSSL

/// The server's end of TLS, between two buffers in memory: OpenSSL never sees the socket, so it
/// neither waits, nor raises SIGPIPE, nor keeps back input that epoll no longer reports.
final class TLSTransport: Transport {
    /// The most that one record carries (RFC 8446 §5.1); the buffers keep the size of their largest
    /// content, so no more is put into them at a time.
    private static let recordBytes = 16 << 10

    private(set) var isHandshaking = true
    private let session: OpaquePointer
    /// Both belong to the session.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    /// Nil when there is no memory for it.
    init?(_ context: TLSContext) {
        let (session, incoming, outgoing) = (
            SSL_new(context.pointer), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())
        )
        guard let session, let incoming, let outgoing else {
            SSL_free(session)
            BIO_free(incoming)
            BIO_free(outgoing)
            return nil
        }
        SSL_set_bio(session, incoming, outgoing)
        SSL_set_accept_state(session)
        (self.session, self.incoming, self.outgoing) = (session, incoming, outgoing)
    }

    deinit { SSL_free(session) }

    func decode(_ wire: ArraySlice<UInt8>) -> Decoded {
        // What is left in the thread's queue would be taken for this connection's error.
        ERR_clear_error()
        var decoded = Decoded()
        var rest = wire
        while !rest.isEmpty, !decoded.isLast, !decoded.isBroken {
            let count = rest.prefix(Self.recordBytes).withUnsafeBytes {
                BIO_write(incoming, $0.baseAddress, Int32($0.count))
            }
            guard count > 0 else {
                decoded.isBroken = true
                break
            }
            rest = rest.dropFirst(Int(count))
            if isHandshaking { handshake(&decoded) }
            if !isHandshaking { read(&decoded) }
        }
        return decoded
    }

    private func handshake(_ decoded: inout Decoded) {
        let result = SSL_do_handshake(session)
        isHandshaking = result != 1
        if isHandshaking { judge(result, &decoded) }
    }

    private func read(_ decoded: inout Decoded) {
        withUnsafeTemporaryAllocation(byteCount: Self.recordBytes, alignment: 1) { buffer in
            var count = 0
            while SSL_read_ex(session, buffer.baseAddress, buffer.count, &count) == 1 {
                decoded.bytes += buffer[..<count]
            }
        }
        judge(0, &decoded)
    }

    /// Says why a call did not succeed.
    private func judge(_ result: Int32, _ decoded: inout Decoded) {
        switch SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: break
        case SSL_ERROR_ZERO_RETURN: decoded.isLast = true
        default: decoded.isBroken = true
        }
    }

    func encode(_ bytes: [UInt8]) -> [UInt8]? {
        ERR_clear_error()
        var wire: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            var count = 0
            let result = rest.prefix(Self.recordBytes).withUnsafeBytes {
                SSL_write_ex(session, $0.baseAddress, $0.count, &count)
            }
            guard result == 1 else { return nil }
            rest = rest.dropFirst(count)
            wire += takeReplies()
        }
        return wire
    }

    func takeReplies() -> [UInt8] {
        let pending = BIO_ctrl_pending(outgoing)
        guard pending > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: pending) { buffer, count in
            count = Int(max(0, BIO_read(outgoing, buffer.baseAddress, Int32(clamping: pending))))
        }
    }

    /// The close_notify alert, which tells an end from a connection that was cut (RFC 8446 §6.1).
    func farewell() -> [UInt8] {
        guard !isHandshaking, SSL_get_shutdown(session) & SSL_SENT_SHUTDOWN == 0 else { return [] }
        SSL_shutdown(session)
        return takeReplies()
    }
}
