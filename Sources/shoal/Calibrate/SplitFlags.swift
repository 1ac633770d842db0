import ArgumentParser

/// Options of `shoal certify` that try a promise on the text's own sentences.
struct SplitFlags: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Certify on so many random splits of the sentences, and hold each promise against the rest of them; nothing is written.",
            valueName: "n"))
    var splits: Int?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Sentences that a split is certified on, with commas between (default: half of all).",
            valueName: "n,…"))
    var splitSize: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "With --splits: sentences of another kind. The watch is fed with them, until it refutes what was certified (not for the risk quality, which nobody can watch).",
            valueName: "file"), completion: .file())
    var other: String?

    /// Sizes that are given; what is no number becomes 0, which is refused.
    var sizes: [Int]? {
        splitSize.map { text in
            text.split(separator: ",", omittingEmptySubsequences: false).map {
                Int($0.filter { $0 != " " }) ?? 0
            }
        }
    }

    func validate() throws {
        guard splits ?? 1 >= 1, splits ?? 1 <= 100_000 else {
            throw ValidationError("--splits must be 1 to 100000.")
        }
        guard splits != nil || splitSize == nil && other == nil else {
            throw ValidationError("--split-size and --other go with --splits only.")
        }
        guard sizes?.allSatisfy({ $0 >= 2 }) ?? true else {
            throw ValidationError(
                "--split-size takes whole numbers from 2 on, with commas between.")
        }
    }
}
