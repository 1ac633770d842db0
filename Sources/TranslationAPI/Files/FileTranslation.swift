import System

/// The translation of a file: its texts go to the service in requests as large as a client's may be, one after another, so that a
/// large file takes its turns with others.
final class FileTranslation: Sendable {
    /// Has texts translated; the completion comes on any thread.
    typealias Translate =
        @Sendable (
            _ texts: [String], _ isMarkup: Bool,
            _ completion: @escaping @Sendable (Result<[String], Problem>) -> Void
        ) -> Void

    private struct State {
        /// Indices of parts that are still to be translated, in groups that make a request each; the next is last.
        var groups: [[Int]]
        var translations: [Int: String] = [:]
    }

    private let parts: [FilePart]
    private let translate: Translate
    private let completion: @Sendable (Result<String, Problem>) -> Void
    private let state: Lock<State>

    /// - Parameters:
    ///   - parts: of the file.
    ///   - limit: texts of a request.
    ///   - translate: has texts translated.
    ///   - completion: gets the text of the translated file, or why there is none.
    init(
        _ parts: [FilePart], limit: Int, translate: @escaping Translate,
        completion: @escaping @Sendable (Result<String, Problem>) -> Void
    ) {
        self.parts = parts
        self.translate = translate
        self.completion = completion
        state = Lock(State(groups: Self.groups(of: parts, limit: limit).reversed()))
    }

    /// Texts with markup and without come in requests of their own.
    private static func groups(of parts: [FilePart], limit: Int) -> [[Int]] {
        [false, true].flatMap { isMarkup in
            let indices = parts.indices.filter { parts[$0].text?.isMarkup == isMarkup }
            return stride(from: 0, to: indices.count, by: limit).map {
                Array(indices[$0..<min($0 + limit, indices.count)])
            }
        }
    }

    /// Has the next group translated; ends where there is none.
    func proceed() {
        guard let group = state.withLock({ $0.groups.popLast() }) else {
            return completion(.success(assembled()))
        }
        let texts = group.compactMap { parts[$0].text }
        translate(texts.map(\.text), texts.first?.isMarkup == true) { [self] result in
            switch result {
            case .success(let translations):
                state.withLock { state in
                    for (index, text) in zip(group, translations) {
                        state.translations[index] = text
                    }
                }
                proceed()
            case .failure(let problem): completion(.failure(problem))
            }
        }
    }

    /// The file with its translations.
    private func assembled() -> String {
        let translations = state.withLock { $0.translations }
        return parts.enumerated().map { index, part in
            switch part {
            case .kept(let text): text
            case .text(let text): text.written(translations[index] ?? text.text)
            }
        }.joined()
    }
}

extension FilePart {
    /// The text, where it is one.
    var text: FileText? {
        guard case .text(let text) = self else { return nil }
        return text
    }
}
