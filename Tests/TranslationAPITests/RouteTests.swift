import TestSupport
import Testing
import TranslationAPI

@Suite("Routes and their document", .timeLimit(.minutes(10)))
struct RouteTests {
    @Test("The document has every route with the methods that it allows, and no other path")
    func document() throws {
        let text = String(decoding: try Repository.bytes("openapi.yaml"), as: UTF8.self)
        var paths: [String: Set<String>] = [:]
        var path: String?
        for line in text.split(separator: "\n") {
            if line == "components:" { break }
            if let match = line.wholeMatch(of: #/  (/\S*):/#) {
                path = String(match.1)
                paths[String(match.1)] = []
            } else if let path,
                let match = line.wholeMatch(of: #/    (get|post|put|patch|delete):/#)
            {
                paths[path]?.insert(match.1.uppercased())
            }
        }
        let server = try TestServer(loaded: false)
        for (path, methods) in paths {
            let allowed = try server.ask("OPTIONS", path.replacing(/\{[a-z]+\}/, with: "x"))[
                "allow"]
            let listed = (allowed ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
            #expect(Set(listed).subtracting(["HEAD", "OPTIONS"]) == methods, "\(path)")
            #expect(listed.contains("HEAD") == methods.contains("GET"), "\(path)")
        }
        let others = ["other", "/readyz", "/health", "/healthz"]
        let labels = TranslationAPI.routes.map(\.label).filter { !others.contains($0) }
        #expect(Set(labels).isSubset(of: paths.keys), "\(Set(labels).subtracting(paths.keys))")
        server.close()
    }

    @Test(
        "Paths that only look like those of other services are not there",
        arguments: [
            "/v1/translate", "/v3/translate", "/v2", "/v2/translate/x",
            "/v2/glossaries/x/dictionaries",
            "/v3/glossaries/x/y/entries", "/v2/document/x/y", "/download_file",
            "/download_file/a/b",
            "/frontend", "/frontend/settings/x", "/v4/glossaries", "/v3/style_rules",
        ])
    func unknown(_ path: String) throws {
        let server = try TestServer(loaded: false)
        #expect(try server.ask("GET", path).status == 404)
        server.close()
    }
}
