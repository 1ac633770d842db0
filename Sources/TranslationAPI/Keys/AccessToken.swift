/// A secret that opens one route, as it is.
public struct AccessToken: Sendable {
    private let bytes: [UInt8]

    /// A token of the text of a file; nil where that is empty, or has a blank or a line end inside.
    ///
    /// - Parameter text: the whole file; blanks and line ends at its ends do not count.
    public init?(_ text: String) {
        let parts = text.utf8.split { $0 <= 0x20 }
        guard parts.count == 1 else { return nil }
        bytes = Array(parts[0])
    }

    /// Whether it is `text`; takes as long for every text of its length.
    func isEqual(_ text: String) -> Bool {
        let other = Array(text.utf8)
        return other.count == bytes.count
            && zip(bytes, other).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
