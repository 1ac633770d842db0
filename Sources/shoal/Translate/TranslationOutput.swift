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

/// Writes translations in their order, to standard output or into a file that is replaced at the end.
final class TranslationOutput {
    private let format: TranslationJSON?
    private let response: FaultResponse
    private let model: ServedModel
    private let file: ReplacedFile?
    private var lines = ""
    private let progress: ProgressLine
    /// Texts that have come, and those of them that could not be translated.
    private var count = 0
    private var faultCount = 0

    /// Writes lines of text, or of JSON.
    init(
        _ model: ServedModel, json: Bool, onError response: FaultResponse, file path: String?
    ) throws {
        self.model = model
        self.response = response
        format =
            json
            ? TranslationJSON(model: model, parts: [.tokens, .scores]) : nil
        file = try path.map { try ReplacedFile($0) }
        // Lines that scroll by are progress enough.
        progress = ProgressLine(isShown: path != nil || isatty(STDOUT_FILENO) == 0)
    }

    /// Writes what has become of some texts, at once.
    ///
    /// - Throws: `Failure` at the first fault where the command is to stop there, after what is before has been written;
    ///   where nothing can be written.
    func write(_ texts: [CorpusTranslator.Delivery<TextPlace>]) throws {
        for (place, result) in texts {
            count += 1
            switch result {
            case .success(let translation): add(translation, place)
            case .failure(let error): try add(Failure(error, at: place.name, model))
            case nil:
                let reason = place.fault.map { "\($0)" } ?? "no text"
                try add(Failure("\(place.name): \(reason)", code: EX_DATAERR))
            }
        }
        try flush()
        progress.show("\(count) lines", count: count)
    }

    /// Puts the file in its place and says what was left out.
    func finish() throws {
        try file?.commit()
        progress.finish("\(count) lines", count: count)
        guard faultCount > 0 else { return }
        let fate = response == .skip ? "left out" : "left empty"
        writeMessage("\(faultCount) of \(count) lines could not be translated and were \(fate)")
    }

    private func add(_ translation: Translation, _ place: TextPlace) {
        guard let format else {
            lines += translation.outputs[0].text + "\n"
            return
        }
        var writer = JSONWriter()
        format.write(translation, index: place.index, to: &writer)
        lines += String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    private func add(_ failure: Failure) throws {
        guard response != .stop, failure.code == EX_DATAERR else {
            try flush()
            progress.clear()
            let way = file.map { "; \($0.path) is as it was" } ?? ""
            throw Failure(
                failure.description + way + " (--on-error skip or empty goes on)",
                code: failure.code)
        }
        faultCount += 1
        if response == .empty { lines += "\n" }
        progress.clear()
        writeMessage(failure.description)
    }

    private func flush() throws {
        if let file {
            try file.append(lines)
        } else {
            writeOutput(lines)
        }
        lines = ""
    }
}
