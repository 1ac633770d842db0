import COpenSSL
import HTTPServer
import HTTPWire
import System
import TestSupport
import Testing

@Suite("TLS", .serialized, .timeLimit(.minutes(10)))
struct TLSTests {
    private let request = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test("HTTP/1.1 is agreed on by ALPN, the chain leads to the root, and the end is announced")
    func handshake() throws {
        let fixture = try Fixture(.tls)
        defer { fixture.stop() }
        let stream = try fixture.secure(TLSClientOptions(applicationProtocol: "http/1.1"))
        #expect(stream.applicationProtocol == "http/1.1")
        #expect(stream.serverName == "server")
        let client = LoopbackClient(stream)
        try client.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(try client.response().text == "GET /a ")
        #expect(client.reachesEnd())
        #expect(stream.sawCloseNotify)
    }

    @Test("TLS 1.2 is served, TLS 1.1 and a client that only knows HTTP/2 are refused and counted")
    func refusals() throws {
        let fixture = try Fixture(.tls)
        defer { fixture.stop() }
        let old = LoopbackClient(
            try fixture.secure(TLSClientOptions(maximumVersion: TLS1_2_VERSION)))
        try old.send(request)
        #expect(try old.response().status == 200)
        for options in [
            TLSClientOptions(maximumVersion: TLS1_1_VERSION),
            TLSClientOptions(applicationProtocol: "h2"),
        ] {
            #expect(throws: LoopbackClient.Failure.self) { try fixture.secure(options) }
            #expect(fixture.notes.failedHandshakes.take() != nil)
        }
    }

    @Test(
        "In TLS 1.2 keys are ephemeral and encryption is authenticated, whatever a client would rather have",
        arguments: [
            ("server", "ECDHE-ECDSA-AES128-GCM-SHA256", true),
            ("server", "ECDHE-ECDSA-CHACHA20-POLY1305", true),
            ("server", "ECDHE-ECDSA-AES128-SHA", false),
            ("server", "ECDHE-ECDSA-AES256-SHA384", false),
            ("rsa", "ECDHE-RSA-AES256-GCM-SHA384", true), ("rsa", "AES128-GCM-SHA256", false),
            ("rsa", "AES256-SHA", false), ("rsa", "ECDHE-RSA-AES128-SHA256", false),
        ])
    func cipherSuites(certificate: String, ciphers: String, isServed: Bool) throws {
        let fixture = try Fixture(.tls) { $0.tls = try TestCertificates.configuration(certificate) }
        defer { fixture.stop() }
        let options = TLSClientOptions(maximumVersion: TLS1_2_VERSION, ciphers: ciphers)
        #expect(((try? fixture.secure(options)) != nil) == isServed)
    }

    @Test(
        "A key is agreed on in X25519, P-256 or P-384, in both versions",
        arguments: [
            ("X25519", true), ("P-256", true), ("P-384", true), ("P-521", false), ("X448", false),
        ], [TLS1_2_VERSION, TLS1_3_VERSION])
    func groups(group: (name: String, isServed: Bool), version: Int32) throws {
        // In TLS 1.2 the groups would also have to have that of an EC key.
        let fixture = try Fixture(.tls) { $0.tls = try TestCertificates.configuration("rsa") }
        defer { fixture.stop() }
        let options = TLSClientOptions(maximumVersion: version, groups: group.name)
        #expect(((try? fixture.secure(options)) != nil) == group.isServed)
    }

    @Test("A session goes on from its ticket, and not once the tickets' key has been renewed")
    func tickets() throws {
        for (seconds, isResumed) in [(86_400.0, true), (0, false)] {
            let fixture = try Fixture(.tls) { $0.tls?.ticketKeySeconds = seconds }
            defer { fixture.stop() }
            let first = try fixture.secure(TLSClientOptions(maximumVersion: TLS1_2_VERSION))
            let second = try fixture.secure(
                TLSClientOptions(maximumVersion: TLS1_2_VERSION, earlier: first))
            #expect(second.isResumed == isResumed)
        }
    }

    @Test(
        "A connection that is no TLS is closed without an answer, and counted",
        arguments: ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u{0}", "\u{16}\u{3}\u{1}"])
    func noise(text: String) throws {
        let fixture = try Fixture(.tls) { $0.timeouts.head = 0.1 }
        defer { fixture.stop() }
        let client = try LoopbackClient(port: fixture.server.address.port)
        try client.send(text)
        _ = try? client.rest()
        #expect(fixture.notes.failedHandshakes.take() != nil)
        #expect(fixture.notes.closed.take() != nil)
        #expect(client.reachesEnd())
    }

    @Test("A record that was not made by the peer ends the connection and cancels its request")
    func tampering() throws {
        let fixture = try Fixture(.tls)
        defer { fixture.stop() }
        let socket = try SocketStream(port: fixture.server.address.port)
        let exchange = try fixture.hold(LoopbackClient(try TLSStream(socket)))
        try socket.send([0x17, 3, 3, 0, 32] + [UInt8](repeating: 7, count: 32))
        #expect(fixture.handler.cancelled.take() == "gone")
        #expect(fixture.notes.closed.take() != nil)
        exchange.respond(ServerResponse(status: 200))
    }

    @Test("A handshake that does not go on ends with the time for a head")
    func slowHandshake() throws {
        let fixture = try Fixture(.tls) { $0.timeouts.head = 0.05 }
        defer { fixture.stop() }
        #expect(try LoopbackClient(port: fixture.server.address.port).reachesEnd())
        #expect(fixture.notes.failedHandshakes.take() != nil)
    }

    @Test("A client must have a certificate of the client authority where one is set")
    func clientAuthority() throws {
        let fixture = try Fixture(.tls) {
            $0.tls = try TestCertificates.configuration(clientCA: "authority.pem")
        }
        defer { fixture.stop() }
        let known = LoopbackClient(try fixture.secure(TLSClientOptions(certificate: "client")))
        try known.send(request)
        #expect(try known.response().status == 200)
        for certificate in ["stranger", nil] {
            // TLS 1.3 tells the client after its own handshake is complete.
            #expect(throws: LoopbackClient.Failure.self) {
                let client = LoopbackClient(
                    try fixture.secure(TLSClientOptions(certificate: certificate)))
                try client.send(request)
                _ = try client.response()
            }
            #expect(fixture.notes.failedHandshakes.take() != nil)
        }
    }

    @Test("A mebibyte goes both ways")
    func largeBodies() throws {
        let fixture = try Fixture(.tls)
        defer { fixture.stop() }
        let client = try fixture.connect()
        let body = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        try client.send("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n")
        try client.send(body)
        #expect(try client.response().body == Array("POST /b ".utf8) + body)
    }

    @Test("Clients on many threads are served side by side")
    func parallel() throws {
        let fixture = try Fixture(.tls)
        defer { fixture.stop() }
        let results = Channel<Int>()
        for _ in 0..<32 {
            let started = WorkerThread.start {
                results.put((try? Self.askTenTimes(fixture)) ?? 0)
            }
            #expect(started)
        }
        for _ in 0..<32 { #expect(results.take() == 10) }
    }

    /// How many answers were right.
    private static func askTenTimes(_ fixture: Fixture) throws -> Int {
        let client = try fixture.connect()
        return try (0..<10).count { number in
            try client.send("GET /\(number) HTTP/1.1\r\nHost: x\r\n\r\n")
            return try client.response().text == "GET /\(number) "
        }
    }
}

extension TLSConfiguration {
    /// `clientCAPath`, as a path that is there.
    fileprivate var clientCA: String {
        get { clientCAPath ?? "" }
        set { clientCAPath = newValue }
    }
}

@Suite("Certificates of a server", .serialized, .timeLimit(.minutes(10)))
struct CertificateTests {
    private func error(_ change: (inout TLSConfiguration) throws -> Void) throws -> TLSError? {
        var tls = try TestCertificates.configuration()
        try change(&tls)
        do {
            try Fixture(.tls) { $0.tls = tls }.stop()
        } catch let error as HTTPServerError {
            if case .tls(let reason) = error.code { return reason }
        }
        return nil
    }

    @Test("A file that is missing, is no PEM or does not belong is named with OpenSSL's reason")
    func errors() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Array("hello".utf8), to: "text")
        let missing = try error { $0.certificatePath = "/nowhere/chain.pem" }
        #expect(
            missing?.description
                == "Cannot use the certificate chain \"/nowhere/chain.pem\": "
                + "No such file or directory")
        #expect(try error { $0.certificatePath = "\(directory.path)/text" }?.code == .certificate)
        let otherKey = try TestCertificates.path("renewed-key.pem")
        let mismatch = try error { $0.keyPath = otherKey }
        #expect(
            mismatch?.description
                == "Cannot use the private key \"\(otherKey)\" with the certificate: "
                + "key values mismatch")
        #expect(try error { $0.keyPath = "\(directory.path)/text" }?.code == .key)
        // Nobody is asked for its password.
        let lockedKey = try TestCertificates.path("locked-key.pem")
        #expect(try error { $0.keyPath = lockedKey }?.code == .key)
        #expect(try error { $0.clientCAPath = "\(directory.path)/text" }?.code == .clientCA)
    }

    @Test("A key of another kind than the certificate's is told by both kinds")
    func keyKinds() throws {
        let (rsa, ec) = (
            try TestCertificates.path("rsa-key.pem"), try TestCertificates.path("server-key.pem")
        )
        #expect(
            try error { $0.keyPath = rsa }?.reason
                == "the certificate is for a key of the kind EC, and this one is RSA")
        let chain = try TestCertificates.path("rsa.pem")
        let other = try error {
            $0.certificatePath = chain
            $0.keyPath = ec
        }
        #expect(other?.code == .key)
        #expect(
            other?.reason == "the certificate is for a key of the kind RSA, and this one is EC")
    }

    @Test("A pipe, a device and a folder are refused and not waited for")
    func otherFiles() throws {
        let directory = try TemporaryDirectory()
        try directory.makePipe("pipe")
        for path in ["\(directory.path)/pipe", "/dev/zero", directory.path] {
            for part in [
                \TLSConfiguration.certificatePath, \TLSConfiguration.keyPath,
                \TLSConfiguration.clientCA,
            ] {
                let found = try error { $0[keyPath: part] = path }
                #expect(found?.path == path)
                #expect(found?.reason.contains("expected a regular file") == true)
            }
        }
    }

    @Test("Certificates that have expired or are not valid yet are served and told with their date")
    func validity() throws {
        for (name, fault) in [
            ("server", nil), ("expired", "expired on Thu, 01 Feb 2024 00:00:00 GMT"),
            ("future", "are not valid before Mon, 01 Jan 2125 00:00:00 GMT"),
        ] {
            let tls = try TestCertificates.configuration(name)
            #expect(try tls.check().fault == fault)
            let fixture = try Fixture(.tls) { $0.tls = tls }
            #expect(fixture.server.certificateValidity?.fault == fault)
            fixture.stop()
        }
    }

    @Test("Reloading serves the new certificate to new connections, and a bad file changes nothing")
    func reload() throws {
        let directory = try TemporaryDirectory()
        func install(_ name: String) throws {
            for suffix in [".pem", "-key.pem"] {
                try directory.write(
                    try TestCertificates.bytes(name + suffix), to: "current\(suffix)")
            }
        }
        try install("server")
        let fixture = try Fixture(.tls) {
            $0.tls = TLSConfiguration(
                certificatePath: "\(directory.path)/current.pem",
                keyPath: "\(directory.path)/current-key.pem")
        }
        defer { fixture.stop() }
        let before = try fixture.secure()
        try install("renewed")
        #expect(try fixture.secure().serverName == "server")
        fixture.server.use(try #require(try fixture.server.readCertificates()))
        #expect(try fixture.secure().serverName == "renewed")
        #expect(before.serverName == "server")
        let client = LoopbackClient(before)
        try client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response().status == 200)
        try directory.write(Array("no key".utf8), to: "current-key.pem")
        #expect(throws: TLSError.self) { try fixture.server.readCertificates() }
        #expect(try fixture.secure().serverName == "renewed")
    }
}
