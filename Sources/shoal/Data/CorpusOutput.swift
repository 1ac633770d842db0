import CorpusPreparation

/// Writes prepared pairs into two files, and where they come from into a third.
///
/// All are replaced at the end, one after the other.
struct CorpusOutput {
    private let source: ReplacedFile
    private let target: ReplacedFile
    private let origins: ReplacedFile?
    private let placeName: (PairPlace) -> String

    /// Begins the files.
    ///
    /// - Throws: `Failure` where one cannot be made.
    init(
        source: String, target: String, origins: String?,
        naming placeName: @escaping (PairPlace) -> String
    ) throws {
        self.source = try ReplacedFile(source)
        self.target = try ReplacedFile(target)
        self.origins = try origins.map { try ReplacedFile($0) }
        self.placeName = placeName
    }

    /// Appends pairs.
    ///
    /// - Throws: `Failure` where they find no room.
    func write(_ pairs: [PreparedPair]) throws {
        try source.append(pairs.map { $0.pair.source + "\n" }.joined())
        try target.append(pairs.map { $0.pair.target + "\n" }.joined())
        try origins?.append(pairs.map { line($0) + "\n" }.joined())
    }

    /// Puts all in their places.
    ///
    /// - Throws: `Failure`.
    func commit() throws {
        try source.commit()
        try target.commit()
        try origins?.commit()
    }

    /// `kept` or the kind, a tab, and the places with blanks between.
    private func line(_ pair: PreparedPair) -> String {
        let kind = pair.augmentation?.rawValue ?? "kept"
        return ([kind] + [pair.places.map(placeName).joined(separator: " ")]).joined(
            separator: "\t")
    }
}
