import ArgumentParser
import Configuration
import Decoding
import JSON
import TranslationAPI
import TranslationService

/// The command `shoal translate`.
struct Translate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Translate texts, files or standard input.",
        discussion: """
            Texts are arguments, or the lines of files, or the lines of standard input. One line comes \
            out for each.

            Examples:
              shoal translate --model models/multi30k-de-en "Zwei Hunde spielen."
              shoal translate --model models/multi30k-de-en --file test.de > test.en
              shoal translate --model models/multi30k-de-en --policy confidence --threshold 0.7 \
            --json < test.de
            """)

    @OptionGroup var model: ModelOption

    @Option(
        name: .long,
        help: """
            When tokens leave: full, fixed, sequence, token_multinomial, token_geometric or confidence \
            (default: the model's).
            """)
    var policy: ExitPolicy.Name?

    @OptionGroup var exit: ExitFlags
    @OptionGroup var search: SearchFlags

    @Option(name: .long, help: "Translate the lines of this file; may be given again.")
    var file: [String] = []

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
            let model = try model.load()
            let rule = try resolve(model)
            let lines = try texts.isEmpty ? readAll() : texts
            let translations = try TextTranslator(model).translate(
                lines, search.options(rule, model),
                progress: lines.count > 64 ? ProgressLine(total: lines.count, noun: "texts") : nil)
            write(translations, model)
        }
    }

    private func resolve(_ model: ServedModel) throws -> ExitRule {
        let options = try exit.options(policy: policy)
        do {
            return try options.resolve(for: model)
        } catch {
            throw ValidationError(error.description)
        }
    }

    private func readAll() throws -> [String] {
        try (file.isEmpty ? ["-"] : file).flatMap { try readLines($0) }
    }

    private func write(_ translations: [Translation], _ model: ServedModel) {
        let format = TranslationJSON(model: model, includesTokens: true, includesScores: true)
        for (index, translation) in translations.enumerated() {
            guard json else {
                writeOutput(translation.outputs[0].text + "\n")
                continue
            }
            var writer = JSONWriter()
            format.write(translation, index: index, to: &writer)
            writeOutput(String(decoding: writer.bytes, as: UTF8.self) + "\n")
        }
    }
}
