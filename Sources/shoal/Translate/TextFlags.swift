public import ArgumentParser
public import TranslationAPI
import TranslationService

extension TextFormat: ExpressibleByArgument {}

/// How texts are taken apart, as options.
struct TextFlags: ParsableArguments {
    @Option(
        name: .long,
        help: """
            text: parted into its sentences, which are put together again; html, xml: the same between tags, which stay; \
            sentence: one sentence, which the model is given as it is.
            """)
    var format = TextFormat.text

    @Option(
        name: .long, help: "A text that comes out unchanged as a whole word; may be given again.")
    var protect: [String] = []

    func validate() throws {
        if format == .sentence, !protect.isEmpty {
            throw ValidationError("--protect needs --format text.")
        }
    }

    /// The options of a request; nil where texts are given to the model as they are.
    var options: TextOptions? {
        guard format != .sentence else { return nil }
        var options = TextOptions()
        options.markup = format.markup
        options.protectedTerms = protect
        return options
    }
}
