import Glibc
import TranslationAPI
import Yams

/// Gathers settings from the file, the environment and the flags, the later before the earlier.
struct SettingsLoader {
    private(set) var settings = ServerSettings()
    /// Where each value that is no default came from.
    private(set) var sources: [String: String] = [:]

    /// What a command line asks for.
    struct CommandLine {
        var values: [(setting: Setting, value: String, source: String)] = []
        var configurationPath: String?
        var checksOnly = false
        var printsConfiguration = false
    }

    /// Reads `--flag value` and `--flag=value`.
    ///
    /// - Throws: `Failure` with a suggestion for a flag that does not exist.
    static func parse(_ arguments: [String]) throws -> CommandLine {
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
            case "--config": line.configurationPath = try value()
            default:
                let found = Setting.all.first { $0.flag == name || $0.shortFlag == name }
                guard let found else {
                    let flags = Setting.all.flatMap { [$0.flag, $0.shortFlag ?? $0.flag] }
                    throw unknown("flag", name, among: flags + ["--config"])
                }
                line.values.append((found, try value(), "flag \(name)"))
            }
        }
        return line
    }

    /// Settings of a command line, of an environment and of the file that either names.
    init(_ line: CommandLine, environment: [String: String]) throws {
        let own = environment.filter { Self.isOurs($0.key) }
        if let path = line.configurationPath ?? own["SHOAL_CONFIG"] { try read(file: path) }
        for (name, value) in own.sorted(by: { $0.key < $1.key }) where name != "SHOAL_CONFIG" {
            guard let setting = Setting.all.first(where: { $0.environment == name }) else {
                throw Self.unknown(
                    "environment variable", name, among: Setting.all.map(\.environment))
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

    private mutating func set(_ setting: Setting, _ value: String, from source: String) throws {
        guard setting.write(&settings, value) else {
            throw Failure(
                "\(setting.key) from \(source) must be \(setting.range); given \(value)",
                code: EX_CONFIGURATION)
        }
        sources[setting.key] = source
    }

    private mutating func read(file path: String) throws {
        let text = try readLines(path).joined(separator: "\n")
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw Failure("\(path): \(error)", code: EX_CONFIGURATION)
        }
        guard let root, root.null == nil else { return }
        guard let mapping = root.mapping else {
            throw Failure("\(path): must hold keys and values", code: EX_CONFIGURATION)
        }
        try read(mapping, prefix: "", path)
    }

    private mutating func read(_ mapping: Node.Mapping, prefix: String, _ path: String) throws {
        for (name, node) in mapping {
            let key = prefix + (name.string ?? "")
            let place = "file \(path) line \(name.mark?.line ?? 0)"
            if let setting = Setting.all.first(where: { $0.key == key }) {
                let items = node.sequence.map { $0.compactMap(\.string).joined(separator: ",") }
                guard let value = items ?? (node.null != nil ? "" : node.string) else {
                    throw Failure(
                        "\(key) from \(place) must be \(setting.range)", code: EX_CONFIGURATION)
                }
                try set(setting, value, from: place)
            } else if let inner = node.mapping,
                Setting.all.contains(where: { $0.key.hasPrefix(key + ".") })
            {
                try read(inner, prefix: key + ".", path)
            } else {
                throw Self.unknown("key in \(place):", key, among: Setting.all.map(\.key))
            }
        }
    }

    private static func unknown(_ kind: String, _ name: String, among known: [String]) -> Failure {
        let nearest = known.min { editDistance($0, name) < editDistance($1, name) }
        return Failure(
            "unknown \(kind) \(name); did you mean \(nearest ?? "")?", code: EX_CONFIGURATION)
    }

    /// All settings with where they come from, as a file that sets the same.
    var text: String {
        Setting.all.map { setting in
            let value = setting.read(settings)
            let source = sources[setting.key] ?? "default"
            return "\(setting.key): \(value.isEmpty ? "\"\"" : value)  # \(source)\n"
        }.joined()
    }
}

/// EX_CONFIG of sysexits.h, which is a macro there.
let EX_CONFIGURATION: Int32 = 78
