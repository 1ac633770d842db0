import ArgumentParser
import Configuration

/// `shoal serve` with an option for each of its settings, for those who ask what options there are:
/// completion scripts and the manual.
///
/// `Serve` itself passes its arguments on to the table of settings, which refuses them in its own words;
/// this command is made from the same table and never parses anything.
struct ServeOptions: ParsableCommand, CustomReflectable {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: Serve.configuration.abstract,
        discussion: """
            Every setting is a flag, an environment variable and a key of the file that --config names; \
            a flag wins over the environment, and the environment over the file. The key is the flag with \
            dots and underscores, and the variable is the key in capitals behind SHOAL_, as in \
            --server-listen-port, server.listen.port and SHOAL_SERVER_LISTEN_PORT.

            SIGHUP reads keys, certificates and the model again. SIGTERM and SIGINT let what runs finish \
            (shutdown.drain_delay, shutdown.drain_timeout); a second one ends the process at once.
            """)

    init() {}

    /// Decodes nothing: what there is to decode comes from the table.
    init(from decoder: any Decoder) throws {
        _ = try decoder.container(keyedBy: Key.self)
    }

    private struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil

        init?(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { nil }
    }

    /// The options, as the parser finds the properties of other commands.
    var customMirror: Mirror { Mirror(self, children: Self.flags + Self.options) }

    private static var flags: [Mirror.Child] {
        let file = Option<String?>(
            name: .customLong("config"), help: "Settings in YAML (or SHOAL_CONFIG).",
            completion: .file(extensions: ["yaml", "yml"]))
        let others = [
            ("check-config", "Open and check all that a start needs, print \"ok\" and leave."),
            ("print-config", "Print the settings, each with where it comes from, and leave."),
            ("print-reference", "Print docs/configuration.md, and leave."),
        ]
        return [("_config", file)]
            + others.map { name, help in
                ("_\(name)", Flag(name: .customLong(name), help: ArgumentHelp(help)))
            }
    }

    private static var options: [Mirror.Child] {
        Setting<ServerSettings>.all.map { setting in
            let names = [setting.flag, setting.shortFlag].compactMap { $0?.dropFirst(2) }
            let help = ArgumentHelp(
                describe(setting), valueName: String(setting.key.split(separator: ".").last ?? ""))
            return (
                "_\(setting.key)",
                Option<String?>(
                    name: NameSpecification(names.map { .customLong(String($0)) }), help: help,
                    completion: setting.values.completion)
            )
        }
    }

    /// What it is, what it may be, and what it is by default where that does not follow from the machine.
    private static func describe(_ setting: Setting<ServerSettings>) -> String {
        let value = setting.followsMachine ? "" : setting.read(ServerSettings())
        return "\(setting.help) (\(setting.range)\(value.isEmpty ? "" : "; default: \(value)"))"
    }
}

extension Setting.Values {
    fileprivate var completion: CompletionKind? {
        switch self {
        case .any: nil
        case .files: .file()
        case .directories: .directory
        case .names(let names): .list(names)
        }
    }
}

/// The tool as completion scripts and the manual see it.
struct DescribedShoal: ParsableCommand {
    static let configuration = {
        var configuration = Shoal.configuration
        configuration.subcommands = configuration.subcommands.map {
            $0 == Serve.self ? ServeOptions.self : $0
        }
        return configuration
    }()

    /// Whether a command line asks what options there are.
    static func isAskedFor(_ arguments: [String]) -> Bool {
        arguments.contains {
            $0 == "--experimental-dump-help" || $0.hasPrefix("--generate-completion-script")
        }
    }
}
