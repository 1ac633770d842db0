import Foundation
import TestSupport
import Testing

@Suite("Where a server process listens", .timeLimit(.minutes(10)))
struct ListenerTests {
    private func ask(_ path: String, on socket: String) throws -> LoopbackClient.Response {
        let client = LoopbackClient(try SocketStream(path: socket))
        try client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
        return try client.response()
    }

    private func permissions(of path: String) -> UInt32? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    @Test(
        "A Unix socket has its permissions, is asked by the probe, and is removed at the end")
    func unixSocket() throws {
        let directory = try TemporaryDirectory()
        let socket = directory.path + "/s"
        let server = try ServerRun([
            "--host", "unix:" + socket, "--server-listen-socket-permissions", "0600",
        ])
        #expect(try #require(server.log.last).contains("listening on unix:\(socket)"))
        #expect(permissions(of: socket) == 0o600)
        #expect(server.waitForLog("is ready"))
        #expect(try ask("/livez", on: socket).status == 200)
        let run = try Run("health", "--host", "unix:" + socket, "--timeout", "60")
        #expect(run.status == 0)
        #expect(run.error.isEmpty)
        server.send(SIGTERM)
        #expect(server.end() == 0)
        #expect(permissions(of: socket) == nil)
        let gone = try Run("health", "--host", "unix:" + socket)
        #expect(gone.status == 1)
        #expect(gone.error.contains("unix:\(socket)/readyz: No such file or directory"))
    }

    @Test(
        "A socket file is replaced only where nobody answers on it, other files never are"
    )
    func socketFiles() throws {
        let directory = try TemporaryDirectory()
        let socket = directory.path + "/s"
        let first = try ServerRun(["--host", "unix:" + socket])
        let second = try Run("serve", "--host", "unix:" + socket)
        #expect(second.status == 69)
        #expect(second.error.contains("Cannot listen on unix:\(socket): Address already in use"))
        #expect(try ask("/livez", on: socket).status == 200)
        first.send(SIGKILL)
        _ = first.end()
        #expect(permissions(of: socket) != nil)
        let third = try ServerRun(["--host", "unix:" + socket])
        #expect(try ask("/livez", on: socket).status == 200)
        // What stands there at the end is another's.
        directory.remove("s")
        try directory.write(Array("mine".utf8), to: "s")
        third.send(SIGTERM)
        #expect(third.end() == 0)
        #expect(try String(contentsOfFile: socket, encoding: .utf8) == "mine")
        let fourth = try Run("serve", "--host", "unix:" + socket)
        #expect(fourth.status == 69)
        #expect(fourth.error.contains("File exists"))
        #expect(try String(contentsOfFile: socket, encoding: .utf8) == "mine")
    }

    @Test("A socket that a service manager passes is served, whatever the settings say")
    func passedSocket() throws {
        let socket = try SilentSocket(listens: true)
        let server = try ServerRun(
            ["--host", "unix:/nowhere/s"],
            after: "exec 3<&0 && export LISTEN_PID=$$ LISTEN_FDS=1",
            input: FileHandle(fileDescriptor: dup(socket.descriptor)))
        #expect(server.port == socket.port)
        #expect(try server.ask("GET /livez HTTP/1.1").status == 200)
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }

    @Test(
        "Descriptors that are no sockets, or too many, end the process with 78",
        arguments: [
            ("exec 3</dev/null && export LISTEN_PID=$$ LISTEN_FDS=1", "Descriptor 3"),
            ("export LISTEN_PID=$$ LISTEN_FDS=2", "passed 2 sockets"),
            (
                "exec 3</dev/null && export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=metrics",
                "Descriptor 3"
            ),
        ])
    func wrongDescriptors(preparation: String, text: String) throws {
        let failed = #expect(throws: ServerRun.NotListening.self) {
            try ServerRun(after: preparation)
        }
        #expect(try #require(failed?.log.last).contains(text))
    }

    @Test("Descriptors that were passed to another process are let alone")
    func othersSockets() throws {
        let server = try ServerRun(environment: ["LISTEN_PID": "1", "LISTEN_FDS": "1"])
        #expect(try server.ask("GET /livez HTTP/1.1").status == 200)
    }

    @Test("Metrics have a listener of their own, in plain HTTP, with the probes and nothing else")
    func metrics() throws {
        let folder = Repository.path("Tests/HTTPServerTests/Resources") + "/"
        let directory = try TemporaryDirectory()
        let socket = directory.path + "/metrics"
        let flags = [
            "--server-metrics-host", "unix:" + socket, "--tls-certificate", folder + "server.pem",
            "--tls-key", folder + "server-key.pem", "--tls-client-ca", folder + "authority.pem",
        ]
        let server = try ServerRun(flags)
        #expect(server.log.contains { $0.contains("metrics and probes are on unix:\(socket)") })
        #expect(server.waitForLog("is ready"))
        let metrics = try ask("/metrics", on: socket)
        #expect(metrics.status == 200)
        #expect(metrics.text.contains("\nshoal_tls_certificate_not_after_timestamp_seconds 4922"))
        for path in ["/livez", "/readyz", "/startupz"] {
            #expect(try ask(path, on: socket).status == 200)
        }
        for path in ["/", "/models", "/docs", "/openapi.yaml"] {
            #expect(try ask(path, on: socket).status == 404)
        }
        // The probe goes where it needs no certificate.
        let directory2 = try TemporaryDirectory()
        let file = """
            server.metrics.host: "unix:\(socket)"
            tls.certificate: \(folder)server.pem
            tls.key: \(folder)server-key.pem
            """
        try directory2.write(Array(file.utf8), to: "server.yaml")
        let run = try Run(
            "health", "--config", directory2.path + "/server.yaml", "--timeout", "60")
        #expect(run.status == 0)
        #expect(run.error.isEmpty)
    }

    @Test("Where metrics have a listener of their own, the first one has probes and no metrics")
    func withoutMetrics() throws {
        let server = try ServerRun([
            "--server-metrics-host", "127.0.0.1", "--server-metrics-port", "0",
        ])
        #expect(try server.ask("GET /livez HTTP/1.1").status == 200)
        #expect(try server.ask("GET /metrics HTTP/1.1").status == 404)
    }

    @Test(
        "A host that is none is told with what would be right",
        arguments: [
            "127.0.0.1:9105", "[::1]:80", "/tmp/x.sock", "unix:x.sock", "unix:", "[127.0.0.1]",
            "a b",
            "http://x", "unix:/\(String(repeating: "x", count: 107))",
        ])
    func wrongHosts(host: String) throws {
        for flag in ["--host", "--server-metrics-host"] {
            let run = try Run("serve", flag, host, "--check-config")
            #expect(run.status == 78)
            #expect(
                run.error.contains(
                    "must be an address or a host name without a port, or unix: and the absolute path"
                ))
            #expect(run.error.contains("given \(host)"))
        }
    }

    @Test("An address of IPv6 may stand in brackets", .enabled(if: Loopback.hasIPv6))
    func brackets() throws {
        let server = try ServerRun(["--host", "[::1]"])
        #expect(try #require(server.log.last).contains("http://[::1]:"))
        #expect(server.waitForLog("is ready"))
        for host in ["::1", "[::1]"] {
            let run = try Run(
                "health", "--host", host, "--port", String(server.port), "--timeout", "60")
            #expect(run.status == 0)
        }
    }

    @Test(
        "An expired certificate is remarked on, and HSTS without any ends the process with 78"
    )
    func certificates() throws {
        let folder = Repository.path("Tests/HTTPServerTests/Resources") + "/"
        let run = try Run("serve", "--port", "0", "--tls-hsts-max-age", "60s")
        #expect(run.status == 78)
        #expect(run.error.contains("tls.hsts_max_age needs tls.certificate"))
        let server = try ServerRun([
            "--tls-certificate", folder + "expired.pem", "--tls-key", folder + "expired-key.pem",
            "--tls-hsts-max-age", "31536000s",
        ])
        #expect(server.waitForLog("the certificates expired on Thu, 01 Feb 2024 00:00:00 GMT"))
    }

    @Test("drain_timeout ends what still runs after SIGTERM, and the process with 0")
    func drainTimeout() throws {
        let server = try ServerRun(["--shutdown-drain-timeout", "100ms"])
        #expect(server.waitForLog("is ready"))
        let client = try LoopbackClient(port: server.port)
        try client.send(
            "POST /translate HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
        )
        // The head has arrived; the body, for which there are 30 s, never does.
        #expect(try client.head().status == 100)
        server.send(SIGTERM)
        #expect(client.reachesEnd())
        #expect(server.end() == 0)
    }
}
