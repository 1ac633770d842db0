import TestSupport
import Testing

@Suite("The version has one place", .timeLimit(.minutes(10)))
struct VersionTests {
    @Test(
        "What names a version names that of the tool",
        arguments: [
            ("openapi.yaml", #"(?m)^  version: (\S+)$"#),
            ("Dockerfile", #"org\.opencontainers\.image\.version="([^"]+)""#),
            ("config/compose.yaml", #"image: shoal:(\S+)"#),
            ("config/kubernetes/base/kustomization.yaml", #"newTag: (\S+)"#),
            ("config/kubernetes/base/kustomization.yaml", #"/shoal:([^` ]+)"#),
            ("docs/operations.md", #"/shoal:([^` ]+)"#),
            ("docs/operations.md", #"shoal_([^_]+)_amd64\.deb"#),
            ("docs/operations.md", #"shoal-([0-9][^-]*)-linux-x86_64"#),
            ("CHANGELOG.md", #"(?m)^## \[([0-9][^\]]*)\] - \d{4}-\d\d-\d\d$"#),
        ])
    func agrees(_ entry: (file: String, pattern: String)) throws {
        let version = try Run("--version").output
        let text = try String(decoding: Repository.bytes(entry.file), as: UTF8.self)
        let found = try text.firstMatch(of: Regex(entry.pattern, as: (Substring, Substring).self))
        #expect(found.map { $0.output.1 + "\n" } ?? "nothing" == version)
    }
}
