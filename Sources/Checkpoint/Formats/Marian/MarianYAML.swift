import Yams

/// Reads the YAML that comes with Marian's models.
enum MarianYAML {
    /// The keys and values of a text.
    ///
    /// - Throws: `malformedYAML` for what is no mapping, and for anchors, behind which a small text can hide a large one.
    static func mapping(_ text: String, file: String) throws(CheckpointError) -> Node.Mapping {
        guard !hasAnchors(text) else {
            throw fault(file, found: "an anchor (&name)")
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw fault(file, found: "text that is no YAML")
        }
        guard let mapping = root?.mapping else { throw fault(file, found: "no keys with values") }
        return mapping
    }

    /// Whether a plain value begins with `&`, which makes it an anchor.
    private static func hasAnchors(_ text: String) -> Bool {
        var isStart = true
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&") where isStart: return true
            case UInt8(ascii: " "): continue
            case UInt8(ascii: "\n"), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: ","),
                UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "?"):
                isStart = true
            default: isStart = false
            }
        }
        return false
    }

    private static func fault(_ file: String, found: String) -> CheckpointError {
        CheckpointError(
            .malformedYAML, file: file, found: found, expected: "keys with values, in YAML")
    }
}
