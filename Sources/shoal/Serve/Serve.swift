import ArgumentParser
import Configuration
import ServerApp

/// The command `shoal serve`.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve a checkpoint over HTTP.",
        discussion: """
            Every setting is a flag, an environment variable and a key of the file that --config names; \
            a flag wins over the environment, and the environment over the file.

              --config FILE       settings in YAML
              --check-config      open and check all that a start needs, print "ok" and leave
              --print-config      print the settings, each with where it comes from, and leave
              --print-reference   print docs/configuration.md, and leave

            \(Setting<ServerSettings>.all.map(describe).joined(separator: "\n"))

            Examples:
              shoal serve --model models/multi30k-de-en --port 8080
              SHOAL_COMPUTE_WORKERS=2 shoal serve --config config/server.yaml
            """)

    @Argument(parsing: .captureForPassthrough, help: "Settings, as below.")
    var settings: [String] = []

    private static func describe(_ setting: Setting<ServerSettings>) -> String {
        let flag = [setting.flag, setting.shortFlag].compactMap { $0 }.joined(separator: ", ")
        let value = setting.read(ServerSettings())
        let range = setting.range + (value.isEmpty ? "" : "; default: \(value)")
        return "  \(flag)\n      \(setting.help) (\(range))"
    }

    func run() throws {
        if settings.contains("--help") || settings.contains("-h") {
            throw CleanExit.helpRequest(self)
        }
        if settings.contains("--version") { throw CleanExit.message(Version.current) }
        try Failure.reporting {
            let line = try SettingsLoader.parse(settings)
            let loader = try SettingsLoader(line, environment: SettingsLoader.environment())
            if line.printsConfiguration { writeOutput(loader.text) }
            if line.printsReference { writeOutput(ConfigurationReference.text) }
            if line.checksOnly { writeOutput(try ServerCheck.run(loader.settings)) }
            guard !line.checksOnly, !line.printsConfiguration, !line.printsReference else { return }
            try ServerProcess(loader.settings).run()
        }
    }
}
