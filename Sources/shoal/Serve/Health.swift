import ArgumentParser
import Configuration
import Dispatch
import Glibc
import HTTPServer
import System

/// The command `shoal health`.
struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a server whether it is ready: exit 0 if it is, 1 if not.",
        discussion: """
            Address, port and TLS come from the server's settings: SHOAL_… in the environment, and the \
            file that --config names. Where server.metrics.host is set, and no flag says otherwise, the \
            probe asks there. The server's certificate is not verified.

            Examples, as a container's health check:
              shoal health --config /etc/shoal/server.yaml
              shoal health --host 10.0.0.7 --port 8443 --tls --path /livez
            """)

    @Option(
        name: .long, help: "The server's settings in YAML (or SHOAL_CONFIG).",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        name: .long,
        help: """
            Address of the server, or unix: and the path of its socket (default: server.listen.host; this machine \
            for 0.0.0.0, ::).
            """)
    var host: String?

    @Option(name: .long, help: "Port of the server (default: server.listen.port).")
    var port: UInt16?

    @Flag(
        name: .long,
        help: "Speak TLS (default: where tls.certificate or --client-certificate is set).")
    var tls = false

    @Option(
        name: .long, help: "PEM file of a certificate to show, for tls.client_ca.",
        completion: .file())
    var clientCertificate: String?

    @Option(name: .long, help: "PEM file of its private key.", completion: .file())
    var clientKey: String?

    @Option(name: .long, help: "Probe to ask.")
    var path = "/readyz"

    @Option(name: .long, help: "Seconds to wait for the answer, 1 to 3600.")
    var timeout = 2

    func validate() throws {
        guard (1...3600).contains(timeout) else {
            throw ValidationError("--timeout must be 1 to 3600 seconds; given \(timeout)")
        }
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw ValidationError("--path must start with / and have no spaces; given \(path)")
        }
        guard (clientCertificate == nil) == (clientKey == nil) else {
            throw ValidationError("--client-certificate and --client-key go together")
        }
    }

    func run() throws {
        try Failure.reporting {
            let probe = try makeProbe()
            let place = "\(probe.address)\(probe.path)"
            switch answer(to: probe) {
            case .success(200): return
            case .success(let status): throw Failure("\(place) answered \(status)")
            case .failure(let failure): throw Failure("\(place): \(failure)")
            case nil:
                writeError("shoal: \(place): no answer in \(timeout) s\n")
                // At once: OpenSSL's farewell at exit is not for a thread that is within OpenSSL still.
                _exit(EXIT_FAILURE)
            }
        }
    }

    private func makeProbe() throws -> ServerProbe {
        var line = SettingsLoader.CommandLine()
        line.configurationPath = config
        let settings = try SettingsLoader(line, environment: SettingsLoader.environment()).settings
        var certificate: ServerProbe.ClientCertificate?
        if let clientCertificate, let clientKey {
            certificate = .init(certificatePath: clientCertificate, keyPath: clientKey)
        }
        let isAsked = host != nil || port != nil || tls || certificate != nil
        let asksApart = !isAsked && !settings.metrics.host.isEmpty
        let listener = asksApart ? settings.metrics : settings.server.listener
        let address = ServerAddress(
            host: Self.reachable(host ?? listener.host), port: port.map(Int.init) ?? listener.port)
        guard address.isSocket || address.port != 0 else {
            throw Failure(
                "the server takes any free port (0): give the one that it took with --port",
                code: EX_USAGE)
        }
        let speaksTLS =
            !asksApart && (tls || certificate != nil || !settings.tls.certificate.isEmpty)
        return ServerProbe(
            address.isSocket ? ServerAddress(host: address.host, port: 0) : address, path: path,
            security: speaksTLS ? .tls(certificate) : .plain)
    }

    /// An address at which a server that listens on `host` answers.
    private static func reachable(_ host: String) -> String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::", "[::]": "::1"
        case "[::1]": "::1"
        default: host
        }
    }

    /// Nil where the time is over, with a thread left that waits.
    private func answer(to probe: ServerProbe) -> Outcome? {
        let (done, outcome) = (DispatchSemaphore(value: 0), Lock<Outcome?>(nil))
        DispatchQueue.global().async {
            let result = Result { () throws(ServerProbe.Failure) in try probe.status() }
            outcome.withLock { $0 = result }
            done.signal()
        }
        _ = done.wait(timeout: .now() + .seconds(timeout))
        return outcome.withLock { $0 }
    }

    private typealias Outcome = Result<Int, ServerProbe.Failure>
}
