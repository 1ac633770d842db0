import ArgumentParser
import Configuration
import Decoding
import Glibc
import JSON
import TranslationAPI
import TranslationService

/// What happens at a text that cannot be translated.
enum FaultResponse: String, CaseIterable, ExpressibleByArgument {
    /// The command ends there.
    case stop
    /// It has no line in the output.
    case skip
    /// It has an empty line.
    case empty
}

/// Writes translations in their order, to standard output or into a file.
final class TranslationOutput {
    private let format: TranslationJSON?
    private let response: FaultResponse
    private let model: ServedModel
    private let target: OutputTarget
    private var choice: ReferenceChoice?
    private var lines = ""
    private let line: ProgressLine
    /// What is done, an earlier run's part of it as well.
    private var progress: RunProgress

    /// Writes lines of text, those that `choice` takes where there is one, or of JSON.
    init(
        _ model: ServedModel, json: Bool, choosing choice: ReferenceChoice? = nil,
        onError response: FaultResponse, to target: OutputTarget
    ) {
        self.model = model
        self.choice = choice
        self.response = response
        format =
            json
            ? TranslationJSON(model: model, parts: [.tokens, .scores]) : nil
        self.target = target
        progress = target.start
        // Lines that scroll by are progress enough.
        var isOnScreen = false
        if case .standardOutput = target { isOnScreen = isatty(STDOUT_FILENO) == 1 }
        line = ProgressLine(isShown: !isOnScreen)
    }

    /// Writes what has become of some texts, at once.
    ///
    /// - Throws: `Failure` at the first fault where the command is to stop there, after what is before has been written;
    ///   where nothing can be written.
    func write(_ texts: [CorpusTranslator.Delivery<TextPlace>]) throws {
        for (place, result) in texts {
            switch result {
            case .success(let translation): add(translation, place)
            case .failure(let error): try add(Failure(error, at: place.name, model))
            case nil:
                let reason = place.fault.map { "\($0)" } ?? "no text"
                try add(Failure("\(place.name): \(reason)", code: EX_DATAERR))
            }
            progress.texts += 1
            progress.digest = place.digest
        }
        try flush()
        line.show("\(progress.texts) lines", count: count)
    }

    /// Puts the file in its place and says what was left out.
    func finish() throws {
        try target.commit()
        line.finish("\(progress.texts) lines", count: count)
        if let counts = choice?.counts {
            writeMessage(
                "\(counts.texts) lines: \(counts.others) are not the model's best output, \(counts.references) are the reference"
            )
        }
        guard progress.faults > 0 else { return }
        let fate = response == .skip ? "left out" : "left empty"
        writeMessage(
            "\(progress.faults) of \(progress.texts) lines could not be translated and were \(fate)"
        )
    }

    /// Texts that this run has done.
    private var count: Int { progress.texts - target.start.texts }

    private func add(_ translation: Translation, _ place: TextPlace) {
        guard let format else {
            let outputs = translation.outputs.map(\.text)
            let text = place.reference.flatMap { choice?.choose(outputs, reference: $0) }
            lines += (text ?? outputs[0]) + "\n"
            return
        }
        var writer = JSONWriter()
        format.write(
            translation, index: place.index, file: place.file, line: place.line, to: &writer)
        lines += String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    private func add(_ failure: Failure) throws {
        guard response != .stop, failure.code == EX_DATAERR else {
            try flush()
            line.clear()
            throw Failure(
                failure.description + target.fate + " (--on-error skip or empty goes on)",
                code: failure.code)
        }
        progress.faults += 1
        if response == .empty { lines += "\n" }
        line.clear()
        writeMessage(failure.description)
    }

    private func flush() throws {
        try target.append(lines, progress)
        lines = ""
    }
}
