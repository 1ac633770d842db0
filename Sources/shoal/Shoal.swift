import ArgumentParser
import ServerApp

/// The tool: the only reader of arguments and environment, the only exit, the only wiring.
@main
struct Shoal: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shoal",
        abstract: "Neural machine translation that spends on each word only the depth it needs.",
        discussion: """
            Examples:
              shoal serve --model models/multi30k-de-en
              shoal translate --model models/multi30k-de-en "Ein Mann liest ein Buch."
              shoal evaluate models/multi30k-de-en/sample.de models/multi30k-de-en/sample.en --policy all
            """,
        version: Version.current,
        subcommands: [
            Serve.self, Translate.self, Evaluate.self, PrepareData.self, Train.self, Adapt.self,
            Calibrate.self, Draft.self, Certify.self,
            Align.self, Truecase.self, LearnShortlist.self, Identify.self, Plot.self, Inspect.self,
            Import.self,
            Pack.self, Bench.self,
            Health.self,
            GenerateKey.self,
        ])

    static func main() {
        StandardStreams.prepare()
        CommandNames.refuseUnknown(CommandLine.arguments, of: Shoal.self)
        if DescribedShoal.isAskedFor(CommandLine.arguments) {
            DescribedShoal.main(nil)
        } else {
            main(nil)
        }
    }
}
