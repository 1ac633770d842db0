import Yams

extension DirectoryReader {
    /// The file of the shortlist beside a model of Marian: the binary one that settings name under `shortlist`, or `lex.*.bin`.
    func marianShortlist() throws(CheckpointError) -> String? {
        guard !holds("config.json") else { return nil }
        let names = try fileNames()
        for name in names where name.hasSuffix(".yml") {
            if let file = try namedShortlist(in: name), names.contains(file) { return file }
        }
        let found = names.filter { $0.hasPrefix("lex.") && $0.hasSuffix(".bin") }
        guard found.count <= 1 else {
            throw CheckpointError(
                .unsupportedFormat, file: directory,
                found: "\(found.count) shortlists: \(found.joined(separator: ", "))",
                expected: "one lex.*.bin in a directory, or a .yml that names one as shortlist")
        }
        return found.first
    }

    /// The binary file that a file of settings names; vocabularies and what is too large for settings name none.
    private func namedShortlist(in name: String) throws(CheckpointError) -> String? {
        guard let text = settingsText(name),
            text.split(separator: "\n").contains(where: { $0.hasPrefix("shortlist:") })
        else { return nil }
        let value = try MarianYAML.mapping(text, file: name)["shortlist"]
        let path = value?.sequence?.first?.scalar?.string ?? value?.scalar?.string
        let file = path?.split(separator: "/").last.map(String.init)
        return file.flatMap { $0.hasSuffix(".bin") ? $0 : nil }
    }
}
