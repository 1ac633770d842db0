import ArgumentParser
import Configuration
import Glibc
import LanguageIdentification
import LanguageTags

/// The command `shoal identify`.
struct Identify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say which language each text is in.",
        discussion: """
            Prints a line for each text: the language's tag and how likely it is, 0 to 1, with a tab between; `und` where a text \
            has no letters that tell.

            Examples:
              shoal identify "Ein Mann liest ein Buch."
              shoal identify --file texts.txt
              shoal identify --list
            """)

    @Argument(help: "Texts; without any, the lines of standard input.")
    var texts: [String] = []

    @Option(
        name: .long,
        help: "A file with a text a line, plain or gzip, or - for standard input; may be repeated.")
    var file: [String] = []

    @Flag(name: .long, help: "List the languages that can be found.")
    var list = false

    func run() throws {
        try Failure.reporting {
            guard !list else {
                let lines = LanguageIdentifier.languages.map { "\($0)\t\($0.englishName)\n" }
                return writeOutput(lines.joined())
            }
            var source = try TextSource(arguments: texts, files: file)
            while let (place, text) = try source.next() {
                guard let text else {
                    let reason = place.fault.map { "\($0)" } ?? "no text"
                    throw Failure("\(place.name): \(reason)", code: EX_DATAERR)
                }
                writeOutput(Self.line(LanguageIdentifier.identify(text)))
            }
        }
    }

    private static func line(_ found: LanguageIdentification) -> String {
        let hundredths = Int(((found.best?.confidence ?? 0) * 100).rounded())
        let digits = String(hundredths % 100)
        let padding = digits.utf8.count < 2 ? "0" : ""
        return
            "\(found.best?.language.description ?? "und")\t\(hundredths / 100).\(padding)\(digits)\n"
    }
}
