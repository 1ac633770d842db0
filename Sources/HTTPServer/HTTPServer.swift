import Dispatch

/// An HTTP/1.1 server: one event loop on its own thread, which runs until `shutdown`.
public final class HTTPServer: Sendable {
    /// The address that it listens on, numeric, with the port that the system chose for port 0.
    public let address: ServerAddress
    private let mailbox: Mailbox
    private let tls: TLSContextSource?

    private init(
        address: ServerAddress, mailbox: Mailbox, tls: TLSContextSource?
    ) {
        self.address = address
        self.mailbox = mailbox
        self.tls = tls
    }

    /// Listens, and serves on another thread.
    ///
    /// - Throws: `HTTPServerError` when the address is not valid or cannot be listened on, or a
    ///   certificate or key cannot be used.
    public static func start(
        _ configuration: ServerConfiguration, handler: any RequestHandler,
        observer: any ServerObserver
    ) throws(HTTPServerError) -> HTTPServer {
        let tls = try contextSource(configuration)
        let descriptors = try Descriptors(host: configuration.host, port: configuration.port)
        let mailbox = Mailbox(wake: descriptors.wake)
        let makeTransport: TransportFactory =
            if let tls { { tls.makeTransport() } } else { { PlainTransport() } }
        // A queue of its own: a loop that never returns would starve a shared one.
        DispatchQueue(label: "shoal.http", qos: .userInitiated).async {
            let application = Application(handler: handler, observer: observer)
            EventLoop(descriptors, configuration, mailbox, makeTransport, application).run()
        }
        return HTTPServer(address: descriptors.address, mailbox: mailbox, tls: tls)
    }

    private static func contextSource(_ configuration: ServerConfiguration)
        throws(HTTPServerError) -> TLSContextSource?
    {
        guard let tls = configuration.tls else { return nil }
        do {
            return try TLSContextSource(tls)
        } catch {
            throw HTTPServerError(
                code: .tls(error), host: configuration.host, port: configuration.port, cause: 0)
        }
    }

    /// Reads certificates, key and client authorities again, for connections that come from now on.
    ///
    /// Open connections go on as they are. The call reads files, so it may block; without TLS it does
    /// nothing.
    ///
    /// - Throws: `TLSError` when the files cannot be used; the server then goes on with those that it
    ///   has.
    public func reloadCertificates() throws(TLSError) { try tls?.reload() }

    /// When the certificates in use are valid; nil without TLS.
    public var certificateValidity: CertificateValidity? { tls?.validity }

    /// Stops gracefully: connections already queued are accepted, the listener and idle connections
    /// close, and running requests are answered with `Connection: close`.
    ///
    /// - Parameters:
    ///   - seconds: Time until connections that are still open are cut off and their requests
    ///     cancelled.
    ///   - completion: Called once, on the event loop's thread, after the last connection closed; at
    ///     once if the server has already stopped.
    public func shutdown(timeout seconds: Double, completion: @escaping @Sendable () -> Void) {
        if !mailbox.post(.shutdown(timeout: seconds, completion: completion)) { completion() }
    }
}
