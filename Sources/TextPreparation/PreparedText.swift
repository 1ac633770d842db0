/// A text taken apart for a model that translates sentences.
public struct PreparedText: Sendable {
    /// A part of the text; all join to the whole.
    public enum Unit: Sendable, Equatable {
        /// What is copied byte for byte: line ends, blanks, marks of lists, and sentences without a letter. The
        /// range is in UTF-8 offsets.
        case copied(Range<Int>)
        /// What is translated, by its index in `inputs`.
        case input(Int)
    }

    /// A sentence that is translated.
    public struct Sentence: Sendable, Equatable {
        /// Its place in the text, in UTF-8 offsets.
        public let source: Range<Int>
        /// Its inputs; more than one if it is too long for the model.
        public let inputs: Range<Int>
    }

    /// The text.
    public let source: String
    /// The parts of the text in order.
    public let units: [Unit]
    /// The sentences that are translated, in order.
    public let sentences: [Sentence]
    /// What the model translates, in order.
    public let inputs: [ModelInput]
    let cases: CaseRules
    /// The language of the tags; nil if there are none.
    let syntax: MarkupOptions.Syntax?
    /// The text's bytes where it has tags, so that a sentence is put together without reading all of the text.
    let markup: [UInt8]

    /// Puts the text together again, in time proportional to the lengths.
    ///
    /// In a text with tags each comes out once, nested as it was: those within a sentence around what their words
    /// became, by the alignment, or by their share of the sentence where there is none.
    ///
    /// Sentences that nothing parted get a blank between them where the language of the translation writes one.
    ///
    /// - Parameter translations: the translation of each input; whatever they and their alignments are, what was
    ///   copied stays.
    /// - Returns: the translation and the places of its sentences.
    /// - Precondition: there are as many translations as inputs.
    public func reassemble(_ translations: [InputTranslation]) -> TranslatedText {
        precondition(translations.count == inputs.count, "a translation for each input")
        let bytes = syntax == nil ? Array(source.utf8) : markup
        var text: [UInt8] = []
        var targets = [Range<Int>?](repeating: nil, count: sentences.count)
        for unit in units {
            switch unit {
            case .copied(let range): text += bytes[range]
            case .input(let index):
                if needsBlank(before: index, text.last) { text.append(0x20) }
                let start = text.count
                append(translations[index], of: inputs[index], to: &text)
                let sentence = inputs[index].sentence
                targets[sentence] = (targets[sentence]?.lowerBound ?? start)..<text.count
            }
        }
        return TranslatedText(
            text: String(decoding: text, as: UTF8.self),
            sentences: zip(sentences, targets).map {
                TranslatedText.Sentence(source: $0.source, target: $1 ?? 0..<0)
            })
    }

    /// Puts the text together again from translations without alignments.
    public func reassemble(_ translations: [String]) -> TranslatedText {
        reassemble(translations.map { InputTranslation($0) })
    }

    /// The translation of one sentence.
    ///
    /// - Parameters:
    ///   - index: which one.
    ///   - translations: of its inputs.
    /// - Returns: what stands for it in the whole translation.
    public func text(ofSentence index: Int, _ translations: [InputTranslation]) -> String {
        let first = sentences[index].inputs.lowerBound
        var text: [UInt8] = []
        for (input, translation) in zip(sentences[index].inputs, translations) {
            if input > first, needsBlank(before: input, text.last) { text.append(0x20) }
            append(translation, of: inputs[input], to: &text)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func append(
        _ translation: InputTranslation, of input: ModelInput, to text: inout [UInt8]
    ) {
        let translation = unmarked(translation, of: input)
        let restored = restored(translation.text, of: input)
        guard let syntax else {
            text += restored.utf8
            return
        }
        MarkupComposer(input, original: markup, syntax: syntax)
            .append(translation, restored: restored, to: &text)
    }

    /// The translation without the mark that only the model was given; one that belongs to a span stays.
    private func unmarked(
        _ translation: InputTranslation, of input: ModelInput
    ) -> InputTranslation {
        guard input.mark != nil else { return translation }
        let unmarked = translation.withoutMark(of: input.text, cases.target)
        return input.keepsSpans(unmarked.text) ? unmarked : translation
    }

    private func restored(_ translation: String, of input: ModelInput) -> String {
        guard input.casing != .running else { return translation }
        return cases.restore(input.casing, in: translation, keeping: input.audit)
    }

    /// Whether a blank is missing between two inputs that touch each other: not within a word.
    private func needsBlank(before index: Int, _ last: UInt8?) -> Bool {
        guard inputs[index].followsDirectly, cases.target.writesSpaces, let last, last != 0x20
        else { return false }
        let (left, right) = (inputs[index - 1], inputs[index])
        if left.sentence != right.sentence { return true }
        let isSpaceless = [left.text.unicodeScalars.last, right.text.unicodeScalars.first]
            .contains { $0.map(SpacelessScript.contains) ?? false }
        return isSpaceless
    }
}

/// The translation of a text.
public struct TranslatedText: Sendable, Equatable {
    /// Where a sentence and its translation stand, in UTF-8 offsets.
    public struct Sentence: Sendable, Equatable {
        /// In the original text.
        public let source: Range<Int>
        /// In the translation.
        public let target: Range<Int>
    }

    /// The translation, with all that was copied.
    public let text: String
    /// The sentences that were translated, in order.
    public let sentences: [Sentence]
}
