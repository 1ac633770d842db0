import Dispatch

/// An HTTP/1.1 server: one event loop on its own thread, which runs until `shutdown`.
public final class HTTPServer: Sendable {
    /// The address that it listens on, numeric, with the port that the system chose for port 0.
    public let address: ServerAddress
    /// The same for those who watch the server, where they have a listener of their own.
    public let operationsAddress: ServerAddress?
    private let mailbox: Mailbox
    private let tls: TLSContextSource?

    private init(_ listeners: [Listener], mailbox: Mailbox, tls: TLSContextSource?) {
        address = listeners[0].address
        operationsAddress = listeners.count > 1 ? listeners[1].address : nil
        self.mailbox = mailbox
        self.tls = tls
    }

    /// Connections to the listener of those who watch the server, beyond the maximum: a server full of
    /// clients still hears them.
    private static let extraConnections = 16

    /// Listens, and serves on another thread.
    ///
    /// - Parameters:
    ///   - configuration: where and how.
    ///   - handler: answers requests.
    ///   - operations: answers those that come to the listener of those who watch the server; nil: the same
    ///     handler does.
    ///   - observer: is told of connections and requests.
    /// - Returns: a server that listens.
    /// - Throws: `HTTPServerError` when the address is not valid or cannot be listened on, or a
    ///   certificate or key cannot be used.
    public static func start(
        _ configuration: ServerConfiguration, handler: any RequestHandler,
        operations: (any RequestHandler)? = nil, observer: any ServerObserver
    ) throws(HTTPServerError) -> HTTPServer {
        let tls = try contextSource(configuration)
        let descriptors = try Descriptors(
            [configuration.listener] + (configuration.operations.map { [$0] } ?? []))
        let mailbox = Mailbox(wake: descriptors.wake)
        let plain: TransportFactory = { PlainTransport() }
        let encrypted: TransportFactory =
            if let tls { { tls.makeTransport() } } else { plain }
        // A queue of its own: a loop that never returns would starve a shared one.
        DispatchQueue(label: "shoal.http", qos: .userInitiated).async {
            var entrances = [
                Entrance(
                    listener: descriptors.listeners[0], handler: handler,
                    makeTransport: encrypted)
            ]
            for listener in descriptors.listeners.dropFirst() {
                entrances.append(
                    Entrance(
                        listener: listener, handler: operations ?? handler, makeTransport: plain,
                        extraConnections: extraConnections))
            }
            EventLoop(descriptors, configuration, mailbox, entrances, observer).run()
        }
        return HTTPServer(descriptors.listeners, mailbox: mailbox, tls: tls)
    }

    private static func contextSource(_ configuration: ServerConfiguration)
        throws(HTTPServerError) -> TLSContextSource?
    {
        guard let tls = configuration.tls else { return nil }
        do {
            return try TLSContextSource(tls)
        } catch {
            throw HTTPServerError(.tls(error), configuration.listener)
        }
    }

    /// Certificates, key and client authorities, as they were read.
    public struct Certificates: Sendable {
        let context: TLSContext
    }

    /// Reads certificates, key and client authorities again; the call may block.
    ///
    /// - Returns: what `use` takes; nil without TLS.
    /// - Throws: `TLSError` when the files cannot be used.
    public func readCertificates() throws(TLSError) -> Certificates? {
        guard let tls else { return nil }
        return Certificates(context: try tls.read())
    }

    /// Takes certificates for connections that come from now on; open ones go on as they are.
    public func use(_ certificates: Certificates) { tls?.use(certificates.context) }

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
