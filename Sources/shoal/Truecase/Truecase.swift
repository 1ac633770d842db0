import ArgumentParser
import Checkpoint
import Configuration
import Glibc
import TextFiles
import TextPreparation

/// The command `shoal truecase`.
struct Truecase: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Learn from text how words are usually written, and give a checkpoint truecase.txt.",
        discussion: """
            Texts in small letters, in capitals and in title case are then translated as running text, each word as it \
            is written most often. FILES are text in the source language as it is usually written, plain or gzip, a \
            sentence a line; the text that the model was trained on is best. They are read twice. What is in capitals or \
            in small letters as a whole is passed over.

            Example:
              shoal truecase --model runs/model train.de --check valid.de
            """)

    @Option(
        name: .long, help: "Checkpoint directory that is given the file.", completion: .directory)
    var model: String

    @Option(
        name: .long,
        help: "Text of which to say how many words come out right from small letters.",
        completion: .file())
    var check: String?

    @Flag(name: .long, help: "Write nothing.")
    var dryRun = false

    @Argument(help: "Text in the source language.", completion: .file())
    var files: [String]

    func run() throws {
        try Failure.reporting {
            let checkpoint = try opened()
            let progress = ProgressLine()
            let truecaser = try learn(progress)
            guard truecaser.count > 0 else {
                throw Failure(
                    "no word stands twice within a sentence: give more text", code: EX_DATAERR)
            }
            if !dryRun {
                try Failure.writing { () throws(CheckpointError) in
                    try checkpoint.writeTruecaser(truecaser)
                }
            }
            writeOutput("\(truecaser.count) words and pairs of words\n")
            guard let check else { return }
            let rules = CaseCheck(truecaser, language: checkpoint.tokenizer.sourceLanguage)
            writeOutput(try rules.report(LineReader(check)))
        }
    }

    private func opened() throws -> Checkpoint {
        do {
            return try Checkpoint(directory: model)
        } catch {
            let isMissing = error.file == model
            throw Failure("\(model): \(error)", code: isMissing ? EX_NOINPUT : EX_DATAERR)
        }
    }

    private func learn(_ progress: ProgressLine) throws -> TruecaseModel {
        var learner = TruecaseLearner()
        for pass in 1...2 {
            var count = 0
            for file in files {
                let reader = try LineReader(file)
                while let line = try reader.next() {
                    if pass == 1 {
                        learner.countWords(of: line)
                    } else {
                        learner.countPairs(of: line)
                    }
                    count += 1
                    if count.isMultiple(of: 4096) {
                        progress.show("reading \(pass) of 2: \(count) lines", count: count)
                    }
                }
            }
        }
        return TruecaseModel(learner.learnt().map { ($0.previous, $0.text) })
    }
}

/// How well words in small letters get their case back.
private struct CaseCheck {
    private let preparer: TextPreparer

    init(_ truecaser: TruecaseModel, language: String?) {
        var options = PreparationOptions(source: language)
        options.splitsSentences = false
        options.usualForm = { truecaser.form(of: $0, after: $1) }
        preparer = TextPreparer(options)
    }

    /// The share of the words of a text that come out as they are in it, before and after.
    func report(_ reader: LineReader) throws -> String {
        var words = 0
        var small = 0
        var right = 0
        while let line = try reader.next() {
            let lowered = line.lowercased()
            guard lowered.unicodeScalars.count == line.unicodeScalars.count else { continue }
            let written = preparer.prepare(lowered).inputs.first?.text ?? lowered
            let parts = (Self.words(line), Self.words(lowered), Self.words(written))
            guard parts.0.count == parts.2.count else { continue }
            words += parts.0.count
            small += zip(parts.0, parts.1).count { $0 == $1 }
            right += zip(parts.0, parts.2).count { $0 == $1 }
        }
        guard words > 0 else { return "no words to check\n" }
        func share(_ count: Int) -> String { "\(fixed(100 * Double(count) / Double(words), 1)) %" }
        return
            "\(words) words: \(share(small)) as they are in small letters, \(share(right)) restored\n"
    }

    private static func words(_ text: String) -> [Substring] {
        text.split { !$0.isLetter }
    }
}
