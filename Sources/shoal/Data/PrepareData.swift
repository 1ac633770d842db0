import ArgumentParser
import Configuration
import CorpusPreparation
import Glibc
import System
import TextFiles

/// The command `shoal data`.
struct PrepareData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Clean, filter and augment parallel text for training.",
        discussion: """
            FILES are pairs of files, plain or gzip: source, target, source, target, … Line n of one belongs to line n of \
            the other. They are read twice. The prepared text is the same for the same files, options and seed, whatever \
            the number of threads. Standard output has a report of what was dropped and added.

            Examples:
              shoal data raw.de raw.en --output-source train.de --output-target train.en --exclude test.de --exclude test.en
              shoal data a.de.gz a.en.gz b.de b.en --dry-run --json
              shoal data raw.de raw.en --output-source clean.de --output-target clean.en --clean-only
            """)

    @Argument(help: "Files of parallel text, two for each text.", completion: .file())
    var files: [String]

    @Option(name: .long, help: "File for the sources, replaced at the end.", completion: .file())
    var outputSource: String?

    @Option(name: .long, help: "File for the targets, replaced at the end.", completion: .file())
    var outputTarget: String?

    @Option(
        name: .long,
        help: "File that says of every line of the output how it was made, and of which lines.",
        completion: .file())
    var origins: String?

    @Flag(name: .long, help: "Print the report and write nothing.")
    var dryRun = false

    @Flag(name: .long, help: "Print the report as a JSON object.")
    var json = false

    @Option(name: .long, help: "Threads (default: the processors).")
    var threads: Int?

    @OptionGroup(title: "Filters") var filters: FilterFlags
    @OptionGroup(title: "Augmentation") var augmentation: AugmentationFlags

    private var pairs: [(source: String, target: String)] {
        stride(from: 0, to: files.count - 1, by: 2).map { (files[$0], files[$0 + 1]) }
    }

    func validate() throws {
        guard files.count.isMultiple(of: 2) else {
            throw ValidationError(
                "Give two files for each text: source and target; given \(files.count)")
        }
        guard dryRun || outputSource != nil && outputTarget != nil else {
            throw ValidationError("Give --output-source and --output-target, or --dry-run.")
        }
        let outputs = [outputSource, outputTarget, origins].compactMap(\.self)
        guard Set(outputs).count == outputs.count else {
            throw ValidationError(
                "--output-source, --output-target and --origins must be different files")
        }
        guard (1...1_024).contains(threads ?? 1) else {
            throw ValidationError("--threads must be 1 to 1024; given \(threads ?? 1)")
        }
    }

    func run() throws {
        try Failure.reporting {
            CleanInterruption.begin()
            let reader = CorpusReader(pairs)
            try reader.check()
            let output = try output()
            let heldOut = try heldOut()
            let progress = ProgressLine()
            let threads = threads ?? Processors.available
            let profile = try profile(reader, threads, progress)
            var preparer = CorpusPreparer(
                filters.options, augmentation.options, profile: profile, heldOut: heldOut,
                threads: threads)
            try prepare(reader, &preparer, output, progress)
            try output?.commit()
            progress.finish("\(preparer.report.readCount) pairs", count: preparer.report.readCount)
            print(preparer.report, heldOut)
        }
    }

    private func heldOut() throws -> HeldOutTexts {
        var texts = HeldOutTexts()
        for path in filters.exclude {
            let reader = try LineReader(path)
            while let line = try reader.next() { texts.insert(line) }
        }
        return texts
    }

    private func output() throws -> CorpusOutput? {
        guard !dryRun, let outputSource, let outputTarget else { return nil }
        return try CorpusOutput(
            source: outputSource, target: outputTarget, origins: origins, naming: placeName)
    }

    /// The first reading.
    private func profile(
        _ reader: CorpusReader, _ threads: Int, _ progress: ProgressLine
    ) throws -> CorpusProfile {
        var (reader, profile) = (reader, CorpusProfile())
        while !profile.isComplete {
            let pairs = try reader.next()
            if pairs.isEmpty { break }
            profile.learn(pairs, threads: threads)
            progress.show("first reading: \(profile.pairCount) pairs", count: profile.pairCount)
        }
        return profile
    }

    /// The second reading.
    private func prepare(
        _ reader: CorpusReader, _ preparer: inout CorpusPreparer, _ output: CorpusOutput?,
        _ progress: ProgressLine
    ) throws {
        var reader = reader
        while true {
            let pairs = try reader.next()
            if pairs.isEmpty { return }
            let prepared = preparer.prepare(pairs)
            try output?.write(prepared)
            let report = preparer.report
            progress.show(
                "\(report.readCount) pairs, \(report.writtenCount) written", count: report.readCount
            )
        }
    }

    private func placeName(_ place: PairPlace) -> String {
        "\(pairs[place.input].source):\(place.line)"
    }

    private func print(_ report: PreparationReport, _ heldOut: HeldOutTexts) {
        let text = ReportText(
            report: report, heldOutCount: heldOut.count, seed: augmentation.seed,
            placeName: placeName)
        writeOutput(json ? text.json : Style.standardOutput.table(text.table))
    }
}
