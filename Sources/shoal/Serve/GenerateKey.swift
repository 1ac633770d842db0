import ArgumentParser
import Configuration
import Digest
import Glibc
import ServerApp
import System
import TranslationAPI

/// The command `shoal generate-key`.
struct GenerateKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate-key",
        abstract: "Make a key for a client of the server.",
        discussion: """
            The line for the file that auth.keys_file names goes to standard output, the key itself, which \
            is kept nowhere, to standard error.

            Example:
              shoal generate-key reader --rate 60/m --burst 10 >> keys.txt
              shoal generate-key operator --admin >> keys.txt
              shoal generate-key careful --max-risk 0 >> keys.txt
            """)

    @Argument(help: "Name of the client: a word without = and #.")
    var name: String

    @Option(name: .long, help: "How often it may be used, such as 5/s, 60/m or 1000/h.")
    var rate: String?

    @Option(name: .long, help: "Requests that may come at once (default: the number of --rate).")
    var burst: Int?

    @Flag(name: .long, help: "It may load models and have them leave (POST /models/{id}).")
    var admin = false

    @Option(
        name: .long,
        help:
            "The greatest delta of a certificate that load may lead its requests to; 0: full depth (default: exit.load.max_delta)."
    )
    var maxRisk: Double?

    func run() throws {
        try Failure.reporting {
            let key = "shoal_" + Hexadecimal.text(Self.randomBytes(32))
            let line =
                "\(name) sha256=\(Hexadecimal.text(SHA256.digest(Array(key.utf8))))"
                + (rate.map { " rate=\($0)" } ?? "") + (burst.map { " burst=\($0)" } ?? "")
                + (admin ? " role=admin" : "") + (maxRisk.map { " max_risk=\($0)" } ?? "")
            try check(line)
            writeOutput(line + "\n")
            writeError("key: \(key)\n")
        }
    }

    /// The server must be able to read it.
    private func check(_ line: String) throws {
        do {
            _ = try APIKeys(line, digest: SHA256.digest)
        } catch {
            throw Failure(error.detail, code: EX_USAGE)
        }
    }

    /// From the system's source of randomness, which is fit for keys.
    private static func randomBytes(_ count: Int) -> [UInt8] {
        var source = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &source) }
    }
}
