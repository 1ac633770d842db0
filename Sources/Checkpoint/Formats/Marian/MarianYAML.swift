import Yams

/// Reads the YAML that comes with Marian's models.
enum MarianYAML {
    /// The keys and values of a text.
    ///
    /// - Throws: `malformedYAML` for what is no mapping, and for anchors, behind which a small text can hide a large one, and for
    ///   what leads to them: aliases and tags.
    static func mapping(_ text: String, file: String) throws(CheckpointError) -> Node.Mapping {
        guard !hasAnchors(text) else {
            throw fault(file, found: "an anchor (&name), an alias (*name) or a tag (!name)")
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

    /// Whether a plain value begins with `&`, `*` or `!`, which makes it an anchor, an alias or one with a tag.
    private static func hasAnchors(_ text: String) -> Bool {
        var isStart = true
        for byte in text.utf8 where byte != UInt8(ascii: " ") && byte != UInt8(ascii: "\t") {
            if isStart, marks.contains(byte) { return true }
            isStart = starts.contains(byte)
        }
        return false
    }

    private static let marks = Set("&*!".utf8)
    /// What a value may stand behind, blanks aside.
    private static let starts = Set("\n\r:-,[{?".utf8)

    private static func fault(_ file: String, found: String) -> CheckpointError {
        CheckpointError(
            .malformedYAML, file: file, found: found, expected: "keys with values, in YAML")
    }
}
