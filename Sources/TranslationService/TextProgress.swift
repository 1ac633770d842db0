import Decoding
import TextPreparation

/// Where an input belongs: to which text of a request, which input of the text, which part of the input.
package struct InputPlace: Sendable, Hashable {
    /// The index of the text in its request.
    package let text: Int
    /// The index of the input in its text.
    package var input = 0
    /// The index among the translated parts of an input that is translated in parts; else 0.
    package var part = 0

    package init(text: Int) { self.text = text }
}

/// What the model made of an input, or of a part of one.
struct DecodedInput: Sendable {
    /// Best first, at least one.
    let outputs: [InputOutput]
    let compute: ComputeRecord
    /// Source ids, end of sentence included; 0 where nothing was decoded.
    let sourceTokens: Int
}

/// A text of a request on its way: what its inputs have come to, and the whole once all are there.
struct TextProgress {
    /// What is done next for a text.
    enum Step {
        /// Nothing: others of its inputs are on their way.
        case wait
        /// The input is translated again, around its protected spans, of which the model lost one.
        case translateInParts
        /// A sentence is finished, and with the last one the text.
        case finished(sentence: Int, whole: Translation?)
    }

    /// The text, taken apart.
    let prepared: PreparedText
    /// Whether it is to say what each token was made from.
    private let aligns: Bool
    private let none: ComputeRecord
    private var inputs: [InputProgress]
    /// Inputs of each sentence that are on their way, and of all.
    private var waiting: [Int]
    private var rest: Int

    /// A text none of whose inputs is decoded.
    ///
    /// - Parameters:
    ///   - prepared: the text.
    ///   - aligns: whether it is to say what each token was made from.
    ///   - none: a record of no cost.
    init(_ prepared: PreparedText, aligns: Bool, none: ComputeRecord) {
        self.prepared = prepared
        self.aligns = aligns
        self.none = none
        inputs = prepared.inputs.map { InputProgress($0) }
        waiting = prepared.sentences.map { $0.inputs.count }
        rest = prepared.inputs.count
    }

    /// Whether nothing of it is on its way.
    var isFinished: Bool { rest == 0 }

    /// The sentences of which nothing is on its way.
    var finishedSentences: [Int] { waiting.indices.filter { waiting[$0] == 0 } }

    /// The parts of an input, which is translated in parts from now on.
    mutating func divide(_ input: Int) -> [ModelInput.Part] { inputs[input].divide() }

    /// Takes what became of an input, or of a part of one.
    mutating func take(_ decoded: DecodedInput, at place: InputPlace) -> Step {
        switch inputs[place.input].take(decoded, part: place.part) {
        case .wait: return .wait
        case .lostSpan: return .translateInParts
        case .finished: break
        }
        let sentence = prepared.inputs[place.input].sentence
        rest -= 1
        waiting[sentence] -= 1
        guard waiting[sentence] == 0 else { return .wait }
        return .finished(sentence: sentence, whole: isFinished ? whole() : nil)
    }

    /// What a finished sentence has become, and what it cost.
    func sentence(_ index: Int) -> (text: String, compute: ComputeRecord) {
        let range = prepared.sentences[index].inputs
        let text = prepared.text(
            ofSentence: index, range.map { inputs[$0].output(0).translation })
        return (text, compute(inputs[range]))
    }

    /// The translation of the whole text, in time proportional to its length.
    ///
    /// - Precondition: all of its inputs are finished.
    func whole() -> Translation {
        let count = inputs.map(\.outputCount).max() ?? 1
        var best: TranslatedText?
        let outputs = (0..<count).map { rank in
            let parts = inputs.map { $0.output(rank) }
            let text = prepared.reassemble(parts.map(\.translation))
            best = best ?? text
            let all = InputOutput(joining: parts, text: text.text)
            return Translation.Output(
                text: all.text, pieces: all.pieces, hypothesis: all.hypothesis,
                sources: aligns ? sources(of: parts) : nil)
        }
        return Translation(
            source: prepared.source, outputs: outputs, sentences: sentences(best?.sentences ?? []),
            compute: compute(inputs[...]), sourceTokens: inputs.reduce(0) { $0 + $1.sourceTokens })
    }

    /// What some inputs cost together.
    private func compute(_ inputs: ArraySlice<InputProgress>) -> ComputeRecord {
        inputs.reduce(into: none) { $0 += $1.compute(none) }
    }

    /// Where in the text each token of some inputs' outputs was made from.
    private func sources(of outputs: [InputOutput]) -> [Range<Int>] {
        zip(prepared.inputs, outputs).flatMap { input, output in
            output.spans.map { span in
                let start = input.sourceOffset(of: span.source.lowerBound)
                return start..<max(start, input.sourceOffset(of: span.source.upperBound))
            }
        }
    }

    private func sentences(_ places: [TranslatedText.Sentence]) -> [Translation.Sentence] {
        var tokens = 0
        return zip(prepared.sentences, places).map { sentence, place in
            let inputs = inputs[sentence.inputs]
            let output = InputOutput(joining: inputs.map { $0.output(0) }, text: "")
            defer { tokens += output.hypothesis.tokens.count }
            return Translation.Sentence(
                source: place.source, target: place.target,
                tokens: tokens..<(tokens + output.hypothesis.tokens.count),
                score: output.hypothesis.score, finishReason: output.hypothesis.finishReason,
                compute: compute(inputs),
                sourceTokens: inputs.reduce(0) { $0 + $1.sourceTokens })
        }
    }
}

/// An input on its way.
private struct InputProgress {
    enum Step {
        case wait
        case lostSpan
        case finished
    }

    private let input: ModelInput
    /// Its parts, where it is translated around its protected spans.
    private var parts: [ModelInput.Part]?
    /// What became of each translated part; of the whole, where it has none.
    private var decoded: [DecodedInput?] = [nil]
    /// Of an attempt that lost a span.
    private var lost: ComputeRecord?
    /// Once it is finished: best first, at least one.
    private var outputs: [InputOutput] = []

    init(_ input: ModelInput) { self.input = input }

    var outputCount: Int { outputs.count }

    /// The output of a rank; the last one where there are fewer.
    func output(_ rank: Int) -> InputOutput { outputs[min(rank, outputs.count - 1)] }

    var sourceTokens: Int { decoded.reduce(0) { $0 + ($1?.sourceTokens ?? 0) } }

    /// What it cost, an attempt that lost a span included.
    func compute(_ none: ComputeRecord) -> ComputeRecord {
        var sum = decoded.reduce(into: none) { sum, part in
            if let part { sum += part.compute }
        }
        if let lost { sum.addOperations(of: lost) }
        return sum
    }

    mutating func divide() -> [ModelInput.Part] {
        let all = input.parts
        parts = all
        decoded = Array(repeating: nil, count: max(1, all.count(where: \.isTranslated)))
        return all
    }

    mutating func take(_ result: DecodedInput, part: Int) -> Step {
        decoded[part] = result
        guard let parts else { return takeWhole(result) }
        guard decoded.allSatisfy({ $0 != nil }) else { return .wait }
        outputs = joined(parts, decoded.compactMap { $0?.outputs })
        return .finished
    }

    /// Keeps the outputs that hold every protected span, or in which one can be put in the place of what became of it;
    /// none: the input is translated in parts.
    private mutating func takeWhole(_ result: DecodedInput) -> Step {
        outputs = result.outputs.compactMap { output in
            if input.keepsSpans(output.text) { return output }
            return input.repaired(output.translation).map { output.replaced(by: $0) }
        }
        guard outputs.isEmpty else { return .finished }
        lost = result.compute
        return .lostSpan
    }

    /// The outputs around the spans.
    ///
    /// Where one breaks a span still, because the model invents another of the same text, the source's words take
    /// its place: what is protected comes before what is translated.
    private func joined(
        _ parts: [ModelInput.Part], _ translated: [[InputOutput]]
    ) -> [InputOutput] {
        let count = translated.map(\.count).max() ?? 1
        let starts = input.translatedPartStarts
        let all = (0..<count).map { rank in
            let chosen = translated.map { $0[min(rank, $0.count - 1)] }
            // Where no part is translated, there is one output all the same, and it is empty.
            let whole = input.join(chosen.prefix(starts.count).map(\.translation))
            return InputOutput(
                joining: zip(chosen, starts).map { $0.moved(by: $1) }, text: whole.text
            ).replaced(by: whole)
        }
        let kept = all.filter { input.keepsSpans($0.text) }
        guard kept.isEmpty, var first = all.first else { return kept }
        first.text = parts.map(\.text).joined()
        first.alignment = []
        return [first]
    }
}

/// One output of an input, or of a part of one.
struct InputOutput: Sendable {
    var text: String
    let pieces: [String]
    let hypothesis: Hypothesis
    /// For each token its place in the text as the tokens gave it, and in the input's text; empty where nobody asks.
    let spans: [AlignedSpan]
    /// What the text is placed by, where it has not come from its tokens alone.
    fileprivate var alignment: [AlignedSpan]?

    init(text: String, pieces: [String], hypothesis: Hypothesis, spans: [AlignedSpan] = []) {
        self.text = text
        self.pieces = pieces
        self.hypothesis = hypothesis
        self.spans = spans
    }

    /// What a text is put together from.
    var translation: InputTranslation {
        InputTranslation(text, alignment: alignment ?? spans.filter { !$0.target.isEmpty })
    }

    /// The outputs of several inputs as that of their text: tokens in a row, the score by the number of tokens.
    init(joining outputs: [Self], text: String) {
        let tokens = outputs.flatMap(\.hypothesis.tokens)
        let sum = outputs.reduce(0.0) {
            $0 + $1.hypothesis.score * Double($1.hypothesis.tokens.count)
        }
        let score = tokens.isEmpty ? 0 : sum / Double(tokens.count)
        let reasons = outputs.map(\.hypothesis.finishReason)
        self.init(
            text: text, pieces: outputs.flatMap(\.pieces),
            hypothesis: Hypothesis(
                tokens: tokens, score: outputs.count == 1 ? outputs[0].hypothesis.score : score,
                finishReason: reasons.first { $0 != .endOfSentence } ?? .endOfSentence,
                alignment: outputs.count == 1 ? outputs[0].hypothesis.alignment : nil),
            spans: outputs.flatMap(\.spans))
    }

    /// The output with another text in which its own words stand elsewhere.
    fileprivate func replaced(by translation: InputTranslation) -> Self {
        var output = self
        output.text = translation.text
        output.alignment = translation.alignment
        return output
    }

    /// The output of a part that begins at an offset of its input's text.
    fileprivate func moved(by offset: Int) -> Self {
        Self(
            text: text, pieces: pieces, hypothesis: hypothesis,
            spans: spans.map { $0.moved(target: 0, source: offset) })
    }
}
