import Glibc

/// Gathers settings from the file, the environment and the flags, the later before the earlier.
package struct SettingsLoader {
    package private(set) var settings = ServerSettings()
    /// Where each value that is no default came from.
    package private(set) var sources: [String: String] = [:]

    /// What a command line asks for.
    package struct CommandLine {
        package var values: [(setting: Setting<ServerSettings>, value: String, source: String)] = []
        package var configurationPath: String?
        package var checksOnly = false
        package var printsConfiguration = false
        package var printsReference = false

        /// Asks for nothing.
        package init() {}
    }

    /// Reads `--flag value` and `--flag=value`.
    ///
    /// - Throws: `Failure` with a suggestion for a flag that does not exist.
    package static func parse(_ arguments: [String]) throws -> CommandLine {
        var line = CommandLine()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false
            ).map(String.init)
            let name = parts[0]
            func value() throws -> String {
                if parts.count == 2 { return parts[1] }
                guard let next = rest.popFirst() else {
                    throw Failure("\(name) needs a value", code: EX_CONFIGURATION)
                }
                return next
            }
            switch name {
            case "--check-config": line.checksOnly = true
            case "--print-config": line.printsConfiguration = true
            case "--print-reference": line.printsReference = true
            case "--config": line.configurationPath = try value()
            default:
                let found = Setting<ServerSettings>.all.first {
                    $0.flag == name || $0.shortFlag == name
                }
                guard let found else {
                    let flags = Setting<ServerSettings>.all.flatMap {
                        [$0.flag, $0.shortFlag ?? $0.flag]
                    }
                    throw SettingsFile.unknown("flag", name, among: flags + ["--config"])
                }
                line.values.append((found, try value(), "flag \(name)"))
            }
        }
        return line
    }

    /// Settings of a command line, of an environment and of the file that either names.
    package init(_ line: CommandLine, environment: [String: String]) throws {
        let own = environment.filter { Self.isOurs($0.key) }
        if let path = line.configurationPath ?? own["SHOAL_CONFIG"] {
            for value in try SettingsFile.values(path, of: Setting<ServerSettings>.all) {
                try set(value.setting, value.text, from: value.place)
            }
        }
        for (name, value) in own.sorted(by: { $0.key < $1.key }) where name != "SHOAL_CONFIG" {
            guard let setting = Setting<ServerSettings>.all.first(where: { $0.environment == name })
            else {
                throw SettingsFile.unknown(
                    "environment variable", name,
                    among: Setting<ServerSettings>.all.map(\.environment))
            }
            try set(setting, value, from: "environment variable \(name)")
        }
        for (setting, value, source) in line.values { try set(setting, value, from: source) }
    }

    /// Our prefix, but not the names that a Kubernetes service called shoal injects.
    private static func isOurs(_ name: String) -> Bool {
        name.hasPrefix("SHOAL_") && name != "SHOAL_PORT" && !name.hasPrefix("SHOAL_PORT_")
            && !name.hasPrefix("SHOAL_SERVICE_")
    }

    /// The process's environment.
    package static var environment: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        return result
    }

    private mutating func set(
        _ setting: Setting<ServerSettings>, _ value: String, from source: String
    ) throws {
        guard setting.write(&settings, value) else {
            throw Failure(
                "\(setting.key) from \(source) must be \(setting.range); given \(value)",
                code: EX_CONFIGURATION)
        }
        sources[setting.key] = source
    }

    /// All settings with where they come from, as a file that sets the same.
    package var text: String {
        Setting<ServerSettings>.all.map { setting in
            let value = setting.read(settings)
            let source = sources[setting.key] ?? "default"
            return "\(setting.key): \(value.isEmpty ? "\"\"" : value)  # \(source)\n"
        }.joined()
    }
}
