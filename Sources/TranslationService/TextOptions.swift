import Checkpoint
import System
public import TextPreparation
import Tokenization

/// How the texts of a request become what the model is given.
public struct TextOptions: Sendable {
    /// How tags are read; nil for plain text.
    public var markup: MarkupOptions?
    /// Whether a line is parted into its sentences; if not, it is one.
    public var splitsSentences = true
    /// What the ends of lines are.
    public var lineBreaks = SentenceSegmenter.LineBreaks.boundaries
    /// Texts that come out unchanged wherever they stand as whole words.
    public var protectedTerms: [String] = []
    /// How some words are translated.
    public var glossary: Glossary?

    /// Sentences of plain text, with what is protected by its form alone.
    public init() {}
}

/// The preparer of a model's last plain request, which mostly serves the next one as well.
final class KeptPreparer: Sendable {
    /// What a preparer depends on where a request names no words and no tags.
    struct Kind: Equatable {
        let splitsSentences: Bool
        let lineBreaks: SentenceSegmenter.LineBreaks
        let limit: Int
        let isDraft: Bool

        /// Nil for requests that name some: each has a preparer of its own.
        init?(_ options: TextOptions, limit: Int, isDraft: Bool) {
            guard options.markup == nil, options.glossary == nil, options.protectedTerms.isEmpty
            else { return nil }
            splitsSentences = options.splitsSentences
            lineBreaks = options.lineBreaks
            self.limit = limit
            self.isDraft = isDraft
        }
    }

    private let last: Lock<(kind: Kind, preparer: TextPreparer)?> = Lock(nil)

    /// The one that is kept where it is of a kind, else one that is made, and kept from now on.
    func preparer(_ kind: Kind, _ make: () -> TextPreparer) -> TextPreparer {
        if let last = last.withLock({ $0 }), last.kind == kind { return last.preparer }
        let preparer = make()
        last.withLock { $0 = (kind, preparer) }
        return preparer
    }
}

extension ServedModel {
    /// What takes texts apart for this model.
    ///
    /// - Parameters:
    ///   - options: of the request.
    ///   - limit: longest source, end of sentence included.
    ///   - isDraft: whether the texts are expected translations: they keep their case and their ends.
    /// - Returns: a preparer that asks the tokenizer how long and how well known words are.
    func preparer(_ options: TextOptions, limit: Int, isDraft: Bool = false) -> TextPreparer {
        guard let kind = KeptPreparer.Kind(options, limit: limit, isDraft: isDraft) else {
            return newPreparer(options, limit: limit, isDraft: isDraft)
        }
        return preparers.preparer(kind) { newPreparer(options, limit: limit, isDraft: isDraft) }
    }

    private func newPreparer(_ options: TextOptions, limit: Int, isDraft: Bool) -> TextPreparer {
        var all = PreparationOptions(source: languages.source, target: languages.target)
        all.markup = options.markup
        all.splitsSentences = options.splitsSentences
        all.lineBreaks = options.lineBreaks
        all.protectedTerms = options.protectedTerms
        all.glossary = options.glossary
        all.wordScore = { [tokenizer] in tokenizer.score(ofWord: $0) ?? -Double($0.utf8.count) }
        if let truecaser = checkpoint.truecaser, !isDraft {
            all.usualForm = { truecaser.form(of: $0, after: $1) }
        }
        all.completesSentences = checkpoint.tokenizer.completesSentences && !isDraft
        let longest = longestSentence(limit)
        let frame = tokenizer.frameCount
        // No text has more tokens than bytes, as good as always; what comes of it is held against the limit again.
        all.limit = LengthLimit(
            maximum: max(longest - frame, 1), unmeasuredBytes: max(longest - frame - 1, 0)
        ) { [tokenizer] text in
            // What stands around the sentence stands around each of its parts, too.
            tokenizer.encode(text).count - frame
        }
        return TextPreparer(all)
    }
}
