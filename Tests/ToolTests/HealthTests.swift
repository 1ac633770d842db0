import Foundation
import TestSupport
import Testing

@Suite("shoal health", .timeLimit(.minutes(10)))
struct HealthTests {
    private static func resource(_ name: String) -> String {
        Repository.path("Tests/HTTPServerTests/Resources/" + name)
    }

    private static let certificate = [
        "--tls-certificate", resource("server.pem"), "--tls-key", resource("server-key.pem"),
    ]

    private func health(_ port: Int, _ flags: String..., environment: [String: String] = [:]) throws
        -> Run
    {
        try Run(
            ["health", "--port", String(port), "--timeout", "60"] + flags, environment: environment)
    }

    @Test("0 where the probe answers 200, else 1 with the status, by address and by name")
    func plain() throws {
        let server = try ServerRun()
        #expect(server.waitForLog("is ready"))
        for host in ["127.0.0.1", "localhost"] {
            let run = try health(server.port, "--host", host)
            #expect(run.status == 0)
            #expect(run.error.isEmpty)
        }
        let missing = try health(server.port, "--path", "/nowhere")
        #expect(missing.status == 1)
        #expect(missing.error.contains("127.0.0.1:\(server.port)/nowhere answered 404"))
        let secure = try health(server.port, "--tls")
        #expect(secure.status == 1)
        #expect(secure.error.contains("TLS: "))
    }

    @Test("A server on ::1 is asked in IPv6", .enabled(if: Loopback.hasIPv6))
    func addressFamily() throws {
        let server = try ServerRun(["--host", "::1"])
        #expect(try #require(server.log.last).contains("http://[::1]:"))
        #expect(server.waitForLog("is ready"))
        #expect(try health(server.port, "--host", "::1").status == 0)
    }

    @Test("Address, port and TLS are those of the server's settings, from file and environment")
    func settings() throws {
        let server = try ServerRun(["--host", "0.0.0.0"] + Self.certificate)
        #expect(server.waitForLog("is ready"))
        let directory = try TemporaryDirectory()
        let text = """
            server:
              listen:
                host: 0.0.0.0
            tls:
              certificate: \(Self.certificate[1])
              key: \(Self.certificate[3])
            """
        try directory.write(Array(text.utf8), to: "server.yaml")
        let environment = ["SHOAL_SERVER_LISTEN_PORT": String(server.port)]
        let file = directory.path + "/server.yaml"
        let run = try Run(
            "health", "--config", file, "--timeout", "60", environment: environment)
        #expect(run.status == 0)
        #expect(try health(server.port, "--tls").status == 0)
        let plain = try health(server.port)
        #expect(plain.status == 1)
        #expect(plain.error.contains("without an answer") || plain.error.contains("not HTTP"))
    }

    @Test("A server that asks for certificates of clients is shown one")
    func clientCertificate() throws {
        let server = try ServerRun(
            Self.certificate + ["--tls-client-ca", Self.resource("authority.pem")])
        #expect(server.waitForLog("is ready"))
        let known = try health(
            server.port, "--client-certificate", Self.resource("client.pem"),
            "--client-key", Self.resource("client-key.pem"))
        #expect(known.status == 0)
        let unknown = try health(server.port, "--tls")
        #expect(unknown.status == 1)
        #expect(unknown.error.contains("certificate required"))
        let absent = try health(
            server.port, "--client-certificate", "none.pem", "--client-key", "none.pem")
        #expect(absent.status == 1)
        #expect(absent.error.contains("none.pem: No such file"))
        let locked = try health(
            server.port, "--client-certificate", Self.resource("client.pem"),
            "--client-key", Self.resource("locked-key.pem"))
        #expect(locked.status == 1)
        #expect(locked.error.contains("locked-key.pem: "))
    }

    @Test("A port where nothing listens, and a name that does not exist, are 1 with the reason")
    func unreachable() throws {
        // Bound and not listening, so nobody else can listen there.
        let socket = try SilentSocket(listens: false)
        let refused = try health(socket.port)
        #expect(refused.status == 1)
        #expect(refused.error.contains("Connection refused"))
        // Longer than a label may be, so nobody is asked about it.
        let name = String(repeating: "a", count: 64) + ".invalid"
        let unknown = try health(socket.port, "--host", name)
        #expect(unknown.status == 1)
        #expect(unknown.error.contains("\(name):\(socket.port)/readyz: "))
    }

    @Test("A silent server is given up when the time is over", arguments: [[], ["--tls"]])
    func silence(flags: [String]) throws {
        let socket = try SilentSocket(listens: true)
        let run = try Run(["health", "--port", String(socket.port), "--timeout", "1"] + flags)
        #expect(run.status == 1)
        #expect(run.error.contains("no answer in 1 s"))
    }

    @Test(
        "Arguments that make no sense end with 64",
        arguments: [
            (["--timeout", "0"], "--timeout must be 1 to 3600"),
            (["--port", "0"], "give the one that it took"),
            (["--path", "readyz"], "--path must start with /"),
            (["--path", "/a b"], "no spaces"),
            (["--client-key", "key.pem"], "go together"),
        ] as [([String], String)])
    func wrongArguments(flags: [String], text: String) throws {
        let run = try Run(["health"] + flags)
        #expect(run.status == 64)
        #expect(run.error.contains(text))
    }
}

/// A port on which nothing is ever said.
final class SilentSocket {
    let port: Int
    let descriptor: Int32

    struct Failure: Error {}

    init(listens: Bool) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound, !listens || listen(descriptor, 8) == 0 else { throw Failure() }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}
