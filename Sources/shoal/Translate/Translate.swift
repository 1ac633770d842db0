import ArgumentParser
import Checkpoint
import Configuration
import Decoding
import Glibc
import System
import TextFiles
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

            Examples:
              shoal translate "Zwei Hunde spielen."
              shoal translate --file models/multi30k-de-en/sample.de
              shoal translate --file models/multi30k-de-en/sample.de --on-error empty --output sample.out
              shoal translate --policy confidence --threshold 0.7 --json < models/multi30k-de-en/sample.de
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

    @Option(
        name: .long,
        help: "Translate the lines of this file (-: standard input); may be given again.",
        completion: .file())
    var file: [String] = []

    @Option(
        name: .long, help: "File to write, replaced in one step (default: standard output).",
        completion: .file())
    var output: String?

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
    }

    func run() throws {
        try Failure.reporting {
            // On the way to standard output there is nothing to clean, and the signals act by themselves.
            if output != nil { CleanInterruption.begin() }
            let model = try model.load()
            let rule = try exit.options(policy: policy).rule(for: model)
            var options = try search.options(rule, model)
            options.aligns = text.options?.markup != nil
            var source = try TextSource(arguments: texts, files: file)
            let output = try TranslationOutput(model, json: json, onError: onError, file: output)
            prompt()
            let translator = try CorpusTranslator(
                model, workers: Processors.available, preparation: text.options)
            try translator.translate { [options] in
                try source.next().map { .init($0.place, $0.text, options) }
            } deliver: {
                try output.write($0)
            }
            try output.finish()
        }
    }

    /// Tells who sits before a terminal that their lines are waited for.
    private func prompt() {
        let readsInput = texts.isEmpty && (file.isEmpty || file.contains("-"))
        guard readsInput, isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return }
        writeMessage("translating what is typed, line by line; Ctrl-D ends")
    }
}
