import FuzzSupport
import TextPreparation

private let languages = [
    nil, "ar", "cs", "de", "en", "es", "fr", "it", "ja", "pl", "ru", "tr", "zh",
]

/// Options that the first two bytes choose.
private func options(_ first: UInt8, _ second: UInt8) -> PreparationOptions {
    var options = PreparationOptions(
        source: languages[Int(first) % languages.count],
        target: languages[Int(second) % languages.count])
    if first & 0x80 != 0 { options.lineBreaks = .blanks }
    if second & 0x80 != 0 {
        options.limit = LengthLimit(maximum: 1 + Int(second & 0x3F)) { $0.utf8.count }
    }
    if first & 0x40 != 0 { options.wordScore = { Double($0.utf8.last ?? 0) } }
    if second & 0x40 != 0 { options.protectedTerms = ["a", "a b", "。", "1.2"] }
    return options
}

/// The parts of a text join to it, in order.
private func checkUnits(_ prepared: PreparedText) {
    var place = 0
    var next = 0
    for unit in prepared.units {
        let range: Range<Int>
        switch unit {
        case .copied(let copied): range = copied
        case .input(let index):
            precondition(index == next)
            next += 1
            range = prepared.inputs[index].source
        }
        precondition(range.lowerBound == place && !range.isEmpty)
        place = range.upperBound
    }
    precondition(place == prepared.source.utf8.count && next == prepared.inputs.count)
}

/// The parts of an input join to it, and it holds its own spans.
private func checkInput(_ input: ModelInput) {
    let joined = input.parts.map(\.text).joined()
    precondition(joined == input.text && !joined.isEmpty)
    precondition(input.keepsSpans(input.text))
    precondition(input.source.contains(input.sourceOffset(of: 0)))
}

/// Whatever a text is, its parts join to it, and it can be put together again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzText(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = FuzzInput(start, count).bytes
    guard count >= 2 else { return 0 }
    let options = options(bytes[0], bytes[1])
    let text = String(decoding: bytes.dropFirst(2), as: UTF8.self)
    let prepared = TextPreparer(options).prepare(text)
    checkUnits(prepared)
    for input in prepared.inputs { checkInput(input) }
    let result = prepared.reassemble(prepared.inputs.map(\.text))
    precondition(result.sentences.count == prepared.sentences.count)
    var place = 0
    let segmenter = SentenceSegmenter(language: options.source, lineBreaks: options.lineBreaks)
    for sentence in segmenter.sentences(of: text) {
        precondition(sentence.lowerBound == place && !sentence.isEmpty)
        place = sentence.upperBound
    }
    precondition(place == text.utf8.count)
    return 0
}
