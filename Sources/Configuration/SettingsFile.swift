import Glibc
import TranslationAPI
import Yams

/// Settings in a YAML file, every key known.
package enum SettingsFile {
    /// A key with its value as text, a list with commas between, and where it stands.
    package struct Value<Root> {
        package let setting: Setting<Root>
        package let text: String
        package let place: String

        /// A value that was given at a place.
        package init(setting: Setting<Root>, text: String, place: String) {
            self.setting = setting
            self.text = text
            self.place = place
        }
    }

    /// Reads a file.
    ///
    /// A key `extends` names a file, relative to this one, whose values come first.
    ///
    /// - Throws: `Failure` that names the line: no YAML, a key that does not exist (with the nearest one
    ///   that does), a value that is no text.
    package static func values<Root>(
        _ path: String, of settings: [Setting<Root>], depth: Int = 0
    ) throws -> [Value<Root>] {
        let text = try readLines(path).joined(separator: "\n")
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw Failure("\(path): \(error)", code: EX_CONFIGURATION)
        }
        guard let root, root.null == nil else { return [] }
        guard let mapping = root.mapping else {
            throw Failure("\(path): must hold keys and values", code: EX_CONFIGURATION)
        }
        let rest = mapping.filter { $0.key.string != "extends" }
        let own = try values(rest.map { ($0.key, $0.value) }, prefix: "", path, settings)
        guard let base = mapping["extends"] else { return own }
        guard let name = base.string, depth < 8 else {
            throw Failure(
                "extends in file \(path) must be a path, and no more than 8 files deep",
                code: EX_CONFIGURATION)
        }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        let file = name.hasPrefix("/") ? name : folder + name
        return try values(file, of: settings, depth: depth + 1) + own
    }

    private static func values<Root>(
        _ members: [(Node, Node)], prefix: String, _ path: String, _ settings: [Setting<Root>]
    ) throws -> [Value<Root>] {
        try members.flatMap { name, node in
            let key = prefix + (name.string ?? "")
            let place = "file \(path) line \(name.mark?.line ?? 0)"
            if let setting = settings.first(where: { $0.key == key }) {
                let items = node.sequence.map { $0.compactMap(\.string).joined(separator: ",") }
                guard let text = items ?? (node.null != nil ? "" : node.string) else {
                    throw Failure(
                        "\(key) from \(place) must be \(setting.range)", code: EX_CONFIGURATION)
                }
                return [Value(setting: setting, text: text, place: place)]
            }
            guard let inner = node.mapping,
                settings.contains(where: { $0.key.hasPrefix(key + ".") })
            else { throw unknown("key in \(place):", key, among: settings.map(\.key)) }
            return try values(
                inner.map { ($0.key, $0.value) }, prefix: key + ".", path, settings)
        }
    }

    /// What to say of a name that does not exist.
    package static func unknown(_ kind: String, _ name: String, among known: [String]) -> Failure {
        let nearest = known.min { editDistance($0, name) < editDistance($1, name) }
        return Failure(
            "unknown \(kind) \(name); did you mean \(nearest ?? "")?", code: EX_CONFIGURATION)
    }
}
