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
    /// - Throws: `Failure` with all flags that do not exist, each with a suggestion.
    package static func parse(_ arguments: [String]) throws -> CommandLine {
        var line = CommandLine()
        var failures: [Failure] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false
            ).map(String.init)
            let name = parts[0]
            func value() -> String {
                if parts.count == 2 { return parts[1] }
                if let next = rest.popFirst() { return next }
                failures.append(Failure("\(name) needs a value", code: EX_CONFIGURATION))
                return ""
            }
            switch name {
            case "--check-config": line.checksOnly = true
            case "--print-config": line.printsConfiguration = true
            case "--print-reference": line.printsReference = true
            case "--config": line.configurationPath = value()
            default:
                if let found = setting(name) {
                    line.values.append((found, value(), "flag \(name)"))
                    continue
                }
                failures.append(unknownFlag(name))
                // What follows is its value, most likely.
                if parts.count == 1, rest.first?.hasPrefix("-") == false { rest.removeFirst() }
            }
        }
        guard failures.isEmpty else { throw Failure(failures) }
        return line
    }

    private static func setting(_ flag: String) -> Setting<ServerSettings>? {
        Setting<ServerSettings>.all.first { $0.flag == flag || $0.shortFlag == flag }
    }

    private static func unknownFlag(_ name: String) -> Failure {
        let flags = Setting<ServerSettings>.all.flatMap { [$0.flag, $0.shortFlag ?? $0.flag] }
        return SettingsFile.unknown("flag", name, among: flags + ["--config"])
    }

    /// Settings of a command line, of an environment and of the file that either names.
    ///
    /// - Throws: `Failure` with all that is wrong.
    package init(_ line: CommandLine, environment: [String: String]) throws {
        var failures: [Failure] = []
        let own = environment.filter { Self.isOurs($0.key) }
        if let path = line.configurationPath ?? own["SHOAL_CONFIG"] {
            for value in SettingsFile.values(path, of: Setting<ServerSettings>.all, &failures) {
                set(value.setting, value.text, from: value.place, &failures)
            }
        }
        for (name, value) in own.sorted(by: { $0.key < $1.key }) where name != "SHOAL_CONFIG" {
            if let setting = Setting<ServerSettings>.all.first(where: { $0.environment == name }) {
                set(setting, value, from: "environment variable \(name)", &failures)
            } else {
                failures.append(
                    SettingsFile.unknown(
                        "environment variable", name,
                        among: Setting<ServerSettings>.all.map(\.environment)))
            }
        }
        for (setting, value, source) in line.values {
            set(setting, value, from: source, &failures)
        }
        guard failures.isEmpty else { throw Failure(failures) }
    }

    /// Our prefix, but not the names that a Kubernetes service called shoal injects.
    private static func isOurs(_ name: String) -> Bool {
        name.hasPrefix("SHOAL_") && name != "SHOAL_PORT" && !name.hasPrefix("SHOAL_PORT_")
            && !name.hasPrefix("SHOAL_SERVICE_")
    }

    /// The process's environment, as far as it is UTF-8.
    ///
    /// - Throws: `Failure` for a setting that is not.
    package static func environment() throws(Failure) -> [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            entry += 1
            let bytes = UnsafeBufferPointer(start: pointer, count: strlen(pointer))
                .map(UInt8.init(bitPattern:))
            guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: bytes[..<equals], as: UTF8.self)
            if let value = String(validating: bytes[(equals + 1)...], as: UTF8.self) {
                result[name] = value
            } else if isOurs(name) {
                throw Failure("environment variable \(name) is not UTF-8", code: EX_CONFIGURATION)
            }
        }
        return result
    }

    private mutating func set(
        _ setting: Setting<ServerSettings>, _ value: String, from source: String,
        _ failures: inout [Failure]
    ) {
        if setting.write(&settings, value) {
            sources[setting.key] = source
        } else {
            let fault = setting.fault(value).map { ": \($0)" } ?? "; given \(value)"
            failures.append(
                Failure(
                    "\(setting.key) from \(source) must be \(setting.range)\(fault)",
                    code: EX_CONFIGURATION))
        }
    }

    /// All settings with where they come from, as a file that sets the same.
    package var text: String {
        Setting<ServerSettings>.all.map { setting in
            let value = YAMLScalar.scalar(setting.read(settings))
            let source = YAMLScalar.comment(sources[setting.key] ?? "default")
            return "\(setting.key): \(value)  # \(source)\n"
        }.joined()
    }
}
