import JSON

/// `metadata.json` of a package of Argos Translate, whose model is CTranslate2's.
struct ArgosPackage {
    static let metadata = "metadata.json"
    /// Where the model is in the package.
    static let folder = "model/"

    /// `from_code`.
    let source: String
    /// `to_code`.
    let target: String
    /// The piece that every output begins with, in models of several targets.
    let targetPrefix: String?

    /// Reads it; nil where there is none.
    init?(_ reader: inout DirectoryReader) throws(CheckpointError) {
        guard let object = try reader.optionalSettings(Self.metadata) else { return nil }
        let keys = KeyReader(file: Self.metadata, object: object)
        let kind = try keys.optionalString("type") ?? "translate"
        guard kind == "translate" else {
            throw keys.fault(
                .unsupportedValue, "type", found: CheckpointError.quoted(kind),
                expected: "translate")
        }
        source = try keys.string("from_code")
        target = try keys.string("to_code")
        let prefix = try keys.optionalString("target_prefix")
        targetPrefix = prefix == "" ? nil : prefix
    }
}
