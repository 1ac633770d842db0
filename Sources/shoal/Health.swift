import ArgumentParser
import Glibc

/// The command `shoal health`.
struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a server whether it is ready: exit 0 if it is, 1 if not.",
        discussion: "Example, as a container's health check:\n  shoal health --port 8080")

    @Option(name: .long, help: "Address of the server.")
    var host = "127.0.0.1"

    @Option(name: .long, help: "Port of the server (or SHOAL_SERVER_LISTEN_PORT; default 8080).")
    var port: UInt16?

    @Option(name: .long, help: "Probe to ask.")
    var path = "/readyz"

    @Option(name: .long, help: "Seconds to wait for the answer.")
    var timeout = 2

    func run() throws {
        try Failure.reporting {
            let environment = getenv("SHOAL_SERVER_LISTEN_PORT").flatMap {
                UInt16(String(cString: $0))
            }
            let port = port ?? environment ?? 8080
            let answer = try ask(port)
            let status = answer.split(separator: " ").dropFirst().first ?? "no status"
            guard status == "200" else {
                throw Failure("\(host):\(port)\(path) answered \(status)")
            }
        }
    }

    private func ask(_ port: UInt16) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("no socket: \(errorText)") }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            throw Failure("--host must be an IPv4 address; given \(host)", code: EX_USAGE)
        }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure("\(host):\(port): \(errorText)") }
        let request = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n"
        let bytes = Array(request.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        else { throw Failure("\(host):\(port): \(errorText)") }
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw Failure("\(host):\(port): no answer") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    private var errorText: String { String(cString: strerror(errno)) }
}
