extension Weights {
    /// The most that a count in metadata may be: more than anybody takes, so that counting on cannot overflow.
    private static let greatestCount = 1 << 53

    /// A count in the metadata of a safetensors file, 0 to 2^53.
    ///
    /// - Parameters:
    ///   - name: of the member.
    ///   - metadata: `__metadata__` of the file.
    ///   - file: its name, for errors.
    /// - Returns: the count.
    /// - Throws: `malformedSafetensors` where it is missing, no whole number, or out of the range.
    public static func count(
        _ name: String, in metadata: [String: String], of file: String
    ) throws(CheckpointError) -> Int {
        let text = metadata[name] ?? ""
        guard let value = Int(text), (0...greatestCount).contains(value) else {
            throw CheckpointError(
                .malformedSafetensors, file: file, subject: name, found: text,
                expected: "a number, 0 to \(greatestCount)")
        }
        return value
    }
}
