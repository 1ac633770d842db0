/// What the preparation of a text depends on.
public struct PreparationOptions: Sendable {
    /// The text's language as a tag such as `de` or `de-AT`; nil, or one that is not known, takes what holds in
    /// most languages.
    public var source: String?
    /// The language of the translation, as a tag.
    public var target: String?
    /// How the tags of the text are read; nil if it has none.
    public var markup: MarkupOptions?
    /// Whether lines are parted into sentences; if not, a line is one.
    public var splitsSentences = true
    /// What the ends of lines are; in a text with tags they are blanks.
    public var lineBreaks = SentenceSegmenter.LineBreaks.boundaries
    /// The kinds of spans that are protected by their form; what the request marks is protected in any case.
    ///
    /// All are by default. Numbers with units (`.quantity`) are among them although a language may write them
    /// otherwise ("3,50 €", "€3.50"): a small model garbles figures, nobody sees it in the translation, and a figure
    /// in the notation of the source is still right. Take the kind out for a model that translates figures well.
    public var protectedKinds = Set(ProtectedSpan.Kind.allCases)
    /// Texts that are protected wherever they stand as whole words.
    public var protectedTerms: [String] = []
    /// How some words are translated; they are protected spans.
    public var glossary: Glossary?
    /// The greatest length of what the model is given; nil if there is none.
    public var limit: LengthLimit?
    /// Whether sentences in capitals and titles are translated as running text and given their case again, and sentences in small letters
    /// translated as running text where `usualForm` is known.
    public var adaptsCase = true
    /// How well the model's vocabulary knows a word as it is written; more is better.
    ///
    /// The sum of its pieces' log probabilities is such a number. Without it, titles stay as they are, and capitals
    /// become small letters.
    public var wordScore: (@Sendable (String) -> Double)?
    /// How a word in small letters is usually written within a sentence, behind another word or not.
    ///
    /// It gives nil for a word that is not known. Capitals and titles take what it gives, too. Without it, sentences in small letters stay as they are.
    public var usualForm: (@Sendable (_ word: String, _ previous: String?) -> String?)?
    /// Whether sentences of three words and more without a mark at their end are translated with one, which is taken from
    /// the translation again.
    public var completesSentences = false

    /// - Parameters:
    ///   - source: the text's language.
    ///   - target: the language of the translation.
    public init(source: String? = nil, target: String? = nil) {
        self.source = source
        self.target = target
    }
}
