extension HTTPServer {
    /// Tries what `start` needs and keeps nothing open: that certificates and keys can be used, and that the
    /// hosts are addresses of this machine.
    ///
    /// Ports and socket files are not tried, since a server that runs may have them.
    ///
    /// - Throws: all that `start` would throw for these.
    public static func check(_ configuration: ServerConfiguration) throws(HTTPServerError) {
        if let tls = configuration.tls {
            do {
                _ = try TLSContext(tls)
            } catch {
                throw HTTPServerError(.tls(error), configuration.listener)
            }
        }
        try check(configuration.listener)
        if let operations = configuration.operations { try check(operations) }
    }

    private static func check(_ configuration: ListenerConfiguration) throws(HTTPServerError) {
        switch ListenAddress(configuration.host) {
        case nil: throw HTTPServerError(.invalidHost, configuration)
        case .socket: return
        case .network:
            // Any port that is free.
            var anywhere = configuration
            anywhere.port = 0
            do {
                try Listener(anywhere).close()
            } catch {
                throw HTTPServerError(error.code, configuration, cause: error.cause)
            }
        }
    }
}
