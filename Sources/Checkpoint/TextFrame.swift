/// What stands around the pieces of a text: before and behind those of a source, and before those of a target.
public struct TextFrame: Sendable, Equatable {
    /// An id that is no piece of the text.
    public enum Slot: Sendable, Equatable {
        /// The end of sentence, `{end}` in tokenizer_config.json.
        case endOfSentence
        /// The token of the source's language, `{source}`.
        case sourceLanguage
        /// The token of the target's language, `{target}`.
        case targetLanguage
        /// A piece of the vocabulary.
        case piece(String)

        init(_ text: String) {
            self =
                switch text {
                case "{end}": .endOfSentence
                case "{source}": .sourceLanguage
                case "{target}": .targetLanguage
                default: .piece(text)
                }
        }

        var text: String {
            switch self {
            case .endOfSentence: "{end}"
            case .sourceLanguage: "{source}"
            case .targetLanguage: "{target}"
            case .piece(let piece): piece
            }
        }
    }

    /// Before the pieces of a source.
    public var sourcePrefix: [Slot] = []
    /// Behind them.
    public var sourceSuffix: [Slot] = [.endOfSentence]
    /// What every output begins with, behind what decoding starts from.
    public var targetPrefix: [Slot] = []

    /// The end of sentence behind a source, and nothing else.
    public static let plain = TextFrame()

    /// The language that a source begins with and an output, too: M2M-100, NLLB-200, mBART-50.
    static let languagesFirst = TextFrame(
        sourcePrefix: [.sourceLanguage], targetPrefix: [.targetLanguage])
    /// The language behind the end of sentence; decoding starts from that of the target: mBART.
    static let languageLast = TextFrame(sourceSuffix: [.endOfSentence, .sourceLanguage])
    /// The target's language before a source: OPUS-MT's models with several targets.
    static let targetFirst = TextFrame(sourcePrefix: [.targetLanguage])

    /// Whether a pair of languages changes it.
    public var namesLanguages: Bool {
        (sourcePrefix + sourceSuffix + targetPrefix)
            .contains { $0 == .sourceLanguage || $0 == .targetLanguage }
    }
}
