import ArgumentParser
import Checkpoint
import Configuration
import Decoding
import Glibc
import ServerApp
import System
import TextFiles
import TranslationAPI
import TranslationModel
import TranslationService

/// The command `shoal translate`.
struct Translate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Translate texts, files or standard input.",
        discussion: """
            Texts are arguments, or the lines of files, or the lines of standard input. Each is parted into its \
            sentences, and what has nothing to translate is copied; with --format sentence the model is given the line as it is. \
            Input in gzip is recognised. Each text gives one line, as soon as it and all before \
            it are done. Memory is bounded, whatever the number of lines.

            A corpus is shared by N processes that each read all of it: --shard I/N takes the lines I, I + N, I + 2 N …, \
            also of pipes. With --on-error empty the outputs of all shards, a line of each in turn, are the whole; \
            in JSON, index, file and line say which text it is.

            With --resume, what is done is kept in FILE.part beside the output file, and the same command goes on there \
            after whatever broke it off. The file is the same as if nothing had.

            A student learns from a teacher's outputs: --closest-to takes, of its best, the one nearest to the reference.

            Examples:
              shoal translate "Zwei Hunde spielen."
              shoal translate --file models/multi30k-de-en/sample.de
              shoal translate --file models/multi30k-de-en/sample.de --on-error empty --output sample.out
              shoal translate --file corpus.de.gz --shard 2/8 --json --output corpus.2.jsonl --resume
              shoal translate --policy confidence --threshold 0.7 --json < models/multi30k-de-en/sample.de
              shoal translate --beam-size 8 --alternatives 7 --closest-to train.en --file train.de --output taught.en
            """)

    @OptionGroup var model: ModelOption

    @Option(
        name: .long,
        help: """
            When tokens exit: \(ExitPolicy.names(ExitPolicy.allCases, joinedBy: "or")) (default: \
            the model's).
            """)
    var policy: ExitPolicy?

    @OptionGroup var exit: ExitFlags
    @OptionGroup var search: SearchFlags
    @OptionGroup var text: TextFlags
    @OptionGroup var references: ReferenceFlags

    @Option(
        name: .long,
        help: "Translate the lines of this file (-: standard input); may be given again.",
        completion: .file())
    var file: [String] = []

    @Option(
        name: .long, help: "File to write, replaced in one step (default: standard output).",
        completion: .file())
    var output: String?

    @Flag(
        name: .long,
        help: """
            Keep what is done in FILE.part beside the output file, and go on there if an earlier run left one.
            """)
    var resume = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Every N-th text from the I-th on, 1 to N ({#} of GNU parallel, a Spark partition's number + 1).",
            valueName: "i/n"),
        transform: { try Shard(argument: $0) })
    var shard = Shard.whole

    @Option(
        name: .long, help: "Threads that translate (default: the processors that it may use).")
    var workers: Int?

    @Option(
        name: .long,
        help: """
            At a line that is too long or no text: stop there, skip it, or write an empty line.
            """)
    var onError = FaultResponse.stop

    @Flag(name: .long, help: "Print a JSON object a line, as in `translations` of the server.")
    var json = false

    @Argument(help: "Texts to translate.")
    var texts: [String] = []

    mutating func validate() throws {
        guard texts.isEmpty || file.isEmpty else {
            throw ValidationError("Give texts or --file, not both.")
        }
        guard !resume || output != nil else {
            throw ValidationError("--resume needs --output, the file to go on with.")
        }
        guard references.closestTo.isEmpty || !json else {
            throw ValidationError("--closest-to chooses lines of text, not of --json.")
        }
        guard workers.map({ $0 >= 1 }) ?? true else {
            throw ValidationError("--workers must be 1 or more.")
        }
    }

    func run() throws {
        try Failure.reporting {
            // On the way to standard output there is nothing to clean, and the signals act by themselves.
            if output != nil { CleanInterruption.begin() }
            let model = try model.loadForTexts()
            let rule = try exit.options(policy: policy).rule(for: model)
            var options = try search.options(rule, model)
            let preparation = text.options
            options.scores = json
            options.aligns = preparation?.markup != nil
            options.cutsLoops = preparation != nil
            var source = try TextSource(
                arguments: texts, files: file, references: references.closestTo, shard: shard)
            let target = try target(model, options)
            try goOn(from: target.start, in: &source)
            let output = TranslationOutput(
                model, json: json, choosing: references.choice, onError: onError, to: target)
            prompt()
            let translator = try CorpusTranslator(
                model, workers: workers ?? Processors.available, preparation: preparation)
            do {
                try translator.translate { [options] in
                    try source.next().map { .init($0.place, $0.text, options) }
                } deliver: {
                    try output.write($0)
                }
            } catch {
                try target.keep()
                throw error
            }
            try output.finish()
        }
    }

    private func target(_ model: ServedModel, _ options: DecodingOptions) throws -> OutputTarget {
        guard let output else { return .standardOutput }
        guard resume else { return .replaced(try ReplacedFile(output)) }
        return .resumable(try ResumableFile(output, description(model, options)))
    }

    /// All that the output depends on, beside the texts.
    private func description(_ model: ServedModel, _ options: DecodingOptions) -> RunDescription {
        var values = [
            "version": Version.current,
            "model": model.checksum,
            "precision": "\(model.network.precision)",
            "decoding": "\(options)",
            "format": text.format.rawValue,
            "protect": "\(text.protect)",
            "json": "\(json)",
            "shard": "\(shard)",
        ]
        if let choice = references.choice { values["closest_to"] = "\(choice.least)" }
        // Names are in the output.
        if json { values["files"] = "\(file)" }
        return RunDescription(values: values, response: onError.rawValue)
    }

    /// Goes past the texts that an earlier run has done.
    private func goOn(from start: RunProgress, in source: inout TextSource) throws {
        guard start.texts > 0 else { return }
        guard try source.skip(start.texts, digest: start.digest) else {
            throw Failure(
                """
                the first \(start.texts) texts are not those that \(output ?? "")\(PartialFile.suffix) was made \
                from; give the same ones, or delete it to begin anew
                """, code: EX_DATAERR)
        }
        writeMessage("going on after \(start.texts) lines")
    }

    /// Tells who sits before a terminal that their lines are waited for.
    private func prompt() {
        let readsInput = texts.isEmpty && (file.isEmpty || file.contains("-"))
        guard readsInput, isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return }
        writeMessage("translating what is typed, line by line; Ctrl-D ends")
    }
}
