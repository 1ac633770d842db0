import FuzzSupport
import TextPreparation

private let languages = [
    nil, "ar", "cs", "de", "en", "es", "fr", "it", "ja", "pl", "ru", "tr", "zh",
]

/// Options that the first three bytes choose.
private func options(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> PreparationOptions {
    var options = PreparationOptions(
        source: languages[Int(first) % languages.count],
        target: languages[Int(second) % languages.count])
    if first & 0x80 != 0 { options.lineBreaks = .blanks }
    if second & 0x80 != 0 {
        options.limit = LengthLimit(maximum: 1 + Int(second & 0x3F)) { $0.utf8.count }
    }
    if first & 0x40 != 0 { options.wordScore = { Double($0.utf8.last ?? 0) } }
    if second & 0x40 != 0 { options.protectedTerms = ["a", "a b", "。", "1.2"] }
    options.markup = markup(third)
    return options
}

private func markup(_ choice: UInt8) -> MarkupOptions? {
    guard choice & 3 != 0 else { return nil }
    var markup = MarkupOptions(choice & 1 != 0 ? .html : .xml)
    if choice & 4 != 0 { markup.ignoredTags = ["i"] }
    if choice & 8 != 0 { markup.splittingTags = ["b", "x"] }
    if choice & 16 != 0 { markup.nonSplittingTags = ["p"] }
    markup.detectsOutline = choice & 32 == 0
    return markup
}

/// A translation with an alignment that is made of the text's own bytes.
private func translation(of input: ModelInput, _ choice: UInt8) -> InputTranslation {
    var words = input.spans.map(\.output)
    var alignment: [AlignedSpan] = []
    var place = 0
    for byte in input.text.utf8.prefix(64) {
        let value = Int(byte ^ choice)
        if value & 3 == 0 { words.append(["word", "ß", ".", "&", "中文", "x y"][value % 6]) }
        let end = place + value % 7
        let source = value % (input.text.utf8.count + 3)
        alignment.append(AlignedSpan(target: place..<end, source: source..<(source + value % 5)))
        place = end
    }
    if choice & 64 != 0 { words.reverse() }
    let isAligned = choice & 128 == 0
    return InputTranslation(
        words.joined(separator: choice & 32 != 0 ? " " : ""), alignment: isAligned ? alignment : [])
}

/// Each tag comes out once: nothing else that is written has a `<`.
private func checkTags(_ prepared: PreparedText, _ translations: [InputTranslation]) {
    // A reference may stand for one.
    let bytes = Array(prepared.source.utf8)
    guard !bytes.contains(UInt8(ascii: "&")) else { return }
    var expected = count(prepared.source)
    for (input, translation) in zip(prepared.inputs, translations) {
        if translation.text == input.text, input.casing == .running { continue }
        expected -= count(input.text)
        // An element that is not translated is copied with what its text has of them.
        for span in input.spans where span.kind == .marked {
            if bytes[span.source].first == UInt8(ascii: "<") { expected += count(span.output) }
        }
    }
    precondition(count(prepared.reassemble(translations).text) == expected)
}

private func count(_ text: String) -> Int { text.utf8.count { $0 == UInt8(ascii: "<") } }

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
    guard count >= 3 else { return 0 }
    let options = options(bytes[0], bytes[1], bytes[2])
    let text = String(decoding: bytes.dropFirst(3), as: UTF8.self)
    let prepared = TextPreparer(options).prepare(text)
    checkUnits(prepared)
    for input in prepared.inputs { checkInput(input) }
    let result = prepared.reassemble(prepared.inputs.map(\.text))
    precondition(result.sentences.count == prepared.sentences.count)
    let translations = prepared.inputs.map { translation(of: $0, bytes[2]) }
    let translated = prepared.reassemble(translations)
    precondition(translated.sentences.count == prepared.sentences.count)
    if options.markup != nil { checkTags(prepared, translations) }
    var place = 0
    let segmenter = SentenceSegmenter(language: options.source, lineBreaks: options.lineBreaks)
    for sentence in segmenter.sentences(of: text) {
        precondition(sentence.lowerBound == place && !sentence.isEmpty)
        place = sentence.upperBound
    }
    precondition(place == text.utf8.count)
    return 0
}
