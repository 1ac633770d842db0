/// docs/configuration.md, made from the table of settings.
package enum ConfigurationReference {
    /// The document.
    package static var text: String {
        let settings = Setting<ServerSettings>.all
        var groups: [String] = []
        for setting in settings where !groups.contains(group(setting)) {
            groups.append(group(setting))
        }
        return introduction
            + groups.map { name in
                "\n## \(name)\n\n" + table(settings.filter { group($0) == name })
            }.joined()
    }

    private static let introduction = """
        # Configuration

        All settings of `shoal serve`, made by `shoal serve --print-reference`. A flag wins over the environment, the environment over the file that
        `--config` or `SHOAL_CONFIG` names, and the file over the default. A key `a.b_c` is `--a-b-c` as a flag and `SHOAL_A_B_C` in the
        environment. Durations are written `250ms`, `5s`, `2m`; sizes `512B`, `64KiB`, `1MiB`; lists with commas, in the file as YAML
        lists, too. An unknown name or a wrong value ends the process with 78; the message says where it is and what would be
        right. `--check-config` only checks, `--print-config` shows every value and where it comes from. The names that a
        Kubernetes service called shoal injects (`SHOAL_PORT`, `SHOAL_PORT_*`, `SHOAL_SERVICE_*`) are ignored.

        """

    private static func group(_ setting: Setting<ServerSettings>) -> String {
        String(setting.key.prefix { $0 != "." })
    }

    private static func table(_ settings: [Setting<ServerSettings>]) -> String {
        let rows = settings.map { setting in
            let flags = setting.shortFlag.map { " (`\($0)`)" } ?? ""
            let value = setting.followsMachine ? "" : setting.read(ServerSettings())
            let cells = [
                "`\(setting.key)`\(flags)", setting.help, setting.range,
                value.isEmpty ? "" : "`\(value)`",
            ]
            return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")
                + " |\n"
        }
        return "| key | what it is | values | default |\n| --- | --- | --- | --- |\n"
            + rows.joined()
    }
}
