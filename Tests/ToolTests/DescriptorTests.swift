import Foundation
import TestSupport
import Testing

@Suite("Limits of descriptors", .timeLimit(.minutes(10)))
struct DescriptorTests {
    /// Connections that send nothing.
    private func silent(_ count: Int, _ port: Int) throws -> [SocketStream] {
        try (0..<count).map { _ in try SocketStream(port: port) }
    }

    private func metric(_ name: String, of server: ServerRun) throws -> Int? {
        let text = try server.ask("GET /metrics HTTP/1.1").text
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Int($0.dropFirst(name.count + 1)) }
    }

    @Test("A probe is answered at once beside as many silent connections as there are descriptors")
    func idleConnections() throws {
        let server = try ServerRun(after: "ulimit -n 256")
        let crowd = try silent(250, server.port)
        #expect(try server.ask("GET /livez HTTP/1.1").status == 200)
        for connection in crowd { connection.close() }
    }

    @Test("More connections than descriptors are remarked on at the start, and lowered")
    func lowered() throws {
        let server = try ServerRun(after: "ulimit -n 256")
        let line = try #require(server.log.first { $0.contains("http.max_connections is lowered") })
        for part in ["wanted=4096", "connections=192", "descriptors=256", "needed=4160"] {
            #expect(line.contains(part))
        }
        #expect(try metric("shoal_http_connections_limit", of: server) == 192)
    }

    @Test("Where the limit can be raised it is, and nothing is lowered")
    func raised() throws {
        let server = try ServerRun(
            ["--http-max-connections", "100"], after: "ulimit -Sn 70; ulimit -Hn 300")
        #expect(try metric("process_max_fds", of: server) == 300)
        #expect(try metric("shoal_http_connections_limit", of: server) == 100)
        #expect(!server.log.contains { $0.contains("is lowered") })
    }

    @Test("Out of descriptors, a newcomer takes the place of the longest idle as at the maximum")
    func exhausted() throws {
        let server = try ServerRun()
        #expect(server.waitForLog("is ready"))
        let open = try #require(try metric("process_open_fds", of: server))
        let prlimit = try Process.run(
            URL(fileURLWithPath: "/usr/bin/prlimit"),
            arguments: [
                "--pid", String(server.process.identifier), "--nofile=\(open + 4):\(open + 4)",
            ])
        prlimit.waitUntilExit()
        #expect(prlimit.terminationStatus == 0)
        let crowd = try silent(40, server.port)
        #expect(try server.ask("GET /livez HTTP/1.1").status == 200)
        // The last one has kept its place: nobody waits for it.
        let last = LoopbackClient(try #require(crowd.last))
        try last.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try last.response().status == 200)
        for connection in crowd { connection.close() }
    }
}
