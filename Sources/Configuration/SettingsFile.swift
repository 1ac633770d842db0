import Glibc
import System
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

    /// Bytes of the largest file.
    private static let mostBytes = 1 << 20
    /// Aliases (`*name`) in a file: each may stand for all that comes before it.
    private static let mostAliases = 16
    /// Files that `extends` may lead through.
    private static let mostFiles = 8

    /// Reads a file.
    ///
    /// A key `extends` names a file, relative to this one, whose values come first.
    ///
    /// - Throws: `Failure` that names all that is wrong, with the lines: no YAML, a key that does not exist
    ///   (with the nearest one that does), a value that is no text.
    package static func values<Root>(
        _ path: String, of settings: [Setting<Root>]
    ) throws -> [Value<Root>] {
        var failures: [Failure] = []
        let values = values(path, of: settings, depth: 0, &failures)
        guard failures.isEmpty else { throw Failure(failures) }
        return values
    }

    /// The values that are right; what is wrong is added to `failures`.
    static func values<Root>(
        _ path: String, of settings: [Setting<Root>], depth: Int = 0, _ failures: inout [Failure]
    ) -> [Value<Root>] {
        let mapping: Node.Mapping
        do throws(Failure) {
            guard let found = try Self.mapping(path) else { return [] }
            mapping = found
        } catch {
            failures.append(error)
            return []
        }
        var own: [Value<Root>] = []
        var base: [Value<Root>] = []
        for (key, node) in mapping where key.string != "extends" {
            own += values((key, node), prefix: "", path, settings, &failures)
        }
        if let node = mapping["extends"] {
            if let name = node.string, !name.utf8.contains(0), depth < mostFiles {
                let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
                let file = name.hasPrefix("/") ? name : folder + name
                base = values(file, of: settings, depth: depth + 1, &failures)
            } else {
                failures.append(
                    Failure(
                        "extends in file \(path) must be a path, and no more than \(mostFiles) files deep",
                        code: EX_CONFIGURATION))
            }
        }
        return base + own
    }

    /// The keys and values of a file; nil where it holds nothing.
    private static func mapping(_ path: String) throws(Failure) -> Node.Mapping? {
        let text = try text(path)
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw Failure("\(path): \(error)", code: EX_CONFIGURATION)
        }
        guard let root, !isNull(root) else { return nil }
        guard let mapping = root.mapping else {
            throw Failure("\(path): must hold keys and values", code: EX_CONFIGURATION)
        }
        return mapping
    }

    private static func text(_ path: String) throws(Failure) -> String {
        let bytes: [UInt8]
        do {
            bytes = try RegularFile.bytes(path, limit: mostBytes)
        } catch {
            throw Failure("\(error)", code: error.code == .tooLarge ? EX_CONFIGURATION : EX_NOINPUT)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure("\(path): not UTF-8", code: EX_CONFIGURATION)
        }
        // A key that is an alias is compared with all that it stands for, which doubles with each alias.
        let aliases = zip(bytes, bytes.dropFirst()).count {
            $0 == UInt8(ascii: "*") && isName($1)
        }
        guard aliases <= mostAliases else {
            throw Failure(
                "\(path): must have no more than \(mostAliases) aliases (*name)",
                code: EX_CONFIGURATION)
        }
        return text
    }

    /// Whether an alias's name may have this byte (libyaml: letters, digits, "_", "-").
    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func values<Root>(
        _ member: (name: Node, value: Node), prefix: String, _ path: String,
        _ settings: [Setting<Root>], _ failures: inout [Failure]
    ) -> [Value<Root>] {
        let (name, node) = member
        let key = prefix + (name.string ?? "")
        let place = "file \(path) line \(name.mark?.line ?? 0)"
        if let setting = settings.first(where: { $0.key == key }) {
            if let text = text(node, of: setting) {
                return [Value(setting: setting, text: text, place: place)]
            }
            failures.append(
                Failure("\(key) from \(place) must be \(setting.range)", code: EX_CONFIGURATION))
            return []
        }
        guard let inner = node.mapping, settings.contains(where: { $0.key.hasPrefix(key + ".") })
        else {
            failures.append(unknown("key in \(place):", key, among: settings.map(\.key)))
            return []
        }
        return inner.flatMap { values(($0, $1), prefix: key + ".", path, settings, &failures) }
    }

    /// A value as text: nothing for null, a list with commas between where the setting takes one; nil for
    /// what is neither.
    private static func text<Root>(_ node: Node, of setting: Setting<Root>) -> String? {
        if isNull(node) { return "" }
        if setting.takesStructure, node.scalar == nil { return try? Yams.serialize(node: node) }
        guard let sequence = node.sequence else { return node.scalar?.string }
        let items = sequence.compactMap { isNull($0) ? nil : $0.scalar?.string }
        guard setting.takesList, items.count == sequence.count,
            items.allSatisfy({ !$0.contains(",") })
        else { return nil }
        return items.joined(separator: ",")
    }

    private static func isNull(_ node: Node) -> Bool { node.null != nil }

    /// What to say of a name that does not exist.
    package static func unknown(_ kind: String, _ name: String, among known: [String]) -> Failure {
        let nearest = known.min { editDistance($0, name) < editDistance($1, name) }
        return Failure(
            "unknown \(kind) \(name); did you mean \(nearest ?? "")?", code: EX_CONFIGURATION)
    }
}
