import ArgumentParser

/// How an output is chosen by a reference, as options.
struct ReferenceFlags: ParsableArguments {
    @Option(
        name: .long,
        help: """
            Of a text's outputs (--alternatives), print the one that is closest to its line in this file, by chrF; may be \
            given again.
            """,
        completion: .file())
    var closestTo: [String] = []

    @Option(
        name: .long,
        help: "Where the closest has less chrF, print the line of --closest-to itself; 0 to 100.")
    var minChrf = 0.0

    func validate() throws {
        guard (0...100).contains(minChrf) else {
            throw ValidationError("--min-chrf is 0 to 100.")
        }
        guard minChrf == 0 || !closestTo.isEmpty else {
            throw ValidationError("--min-chrf needs --closest-to.")
        }
    }

    /// What chooses; nil where nothing is to be chosen by.
    var choice: ReferenceChoice? {
        closestTo.isEmpty ? nil : ReferenceChoice(least: minChrf)
    }
}
