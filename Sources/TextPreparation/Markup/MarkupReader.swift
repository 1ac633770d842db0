/// Reads a text with tags.
struct MarkupReader {
    private let bytes: [UInt8]
    private let rules: ElementRules
    private var tokenizer: MarkupTokenizer
    private var open = OpenElements()
    private var scalars: [Unicode.Scalar] = []
    private var starts: [Int] = []
    private var ends: [Int] = []
    private var tags: [MarkupText.Tag] = []
    private var kept: [MarkupText.Kept] = []
    /// The index of the last tag that a reader sees.
    private var lastVisible: Int?
    private var names: [String: Int] = [:]
    /// What is read without being translated, innermost last; nil where translation was brought back.
    private var contexts: [KeptContext?] = []

    /// An element that is read without being translated.
    private struct KeptContext {
        enum Mode {
            /// Its text is a part of the sentence.
            case inline
            /// Its text is left out, and the sentence goes on.
            case silent
            /// It parts sentences.
            case block
        }

        var mode: Mode
        let isVisible: Bool
        /// The number of scalars before its text.
        var firstScalar: Int
        let firstByte: Int
    }

    /// Longer text that is not translated parts sentences, since no model reads it as a part of one.
    private static let longestKept = 200

    private init(_ bytes: [UInt8], _ rules: ElementRules) {
        self.bytes = bytes
        self.rules = rules
        tokenizer = MarkupTokenizer(bytes, isXML: rules.isXML)
        scalars.reserveCapacity(bytes.count)
        starts.reserveCapacity(bytes.count)
        ends.reserveCapacity(bytes.count)
    }

    /// Reads a text, in time proportional to its length.
    static func read(_ text: String, _ options: MarkupOptions) -> MarkupText {
        let bytes = Array(text.utf8)
        let detects = options.syntax == .xml && options.detectsOutline
        let rules = ElementRules(
            options, outline: detects ? XMLOutline.inlineNames(bytes) : nil)
        var reader = MarkupReader(bytes, rules)
        return reader.read()
    }

    private mutating func read() -> MarkupText {
        while let token = tokenizer.next() {
            switch token.kind {
            case .text: add(text: token.range, decodes: true)
            case .characterData: add(characterData: token.range)
            case .start: add(start: token)
            case .end: add(end: token)
            case .hidden: addPoint(token.range, isVisible: false)
            }
        }
        while let element = open.close() { leave(element, at: bytes.count) }
        return MarkupText(
            text: ScalarText(scalars, starts: starts, ends: ends, count: bytes.count), tags: tags,
            kept: kept)
    }

    // MARK: Tags

    private mutating func add(start token: MarkupToken) {
        closeImplied(by: token)
        let traits = rules[token.name]
        let isRaw = traits.contains(.raw) && !rules.isXML
        if traits.contains(.void) || (token.isSelfClosing && !isRaw) {
            if traits.contains(.block) {
                separate(at: token.range.lowerBound)
            } else {
                addPoint(token.range, isVisible: traits.contains(.visible))
            }
            return
        }
        let translates =
            !isSilent && (token.translate ?? (!isKept(token, traits) && open.translates))
        begin(token, traits, translates)
        open.open(
            token.name, isBlock: traits.contains(.block) && !isSilent, translates: translates,
            isPreformatted: traits.contains(.preformatted) || open.isPreformatted)
        if isRaw { addRaw(token.name, traits) }
    }

    /// Whether all that is read is left out, up to the end of an element such as `svg`.
    private var isSilent: Bool { (contexts.last ?? nil)?.mode == .silent }

    private func isKept(_ token: MarkupToken, _ traits: ElementRules.Traits) -> Bool {
        traits.contains(.kept) || token.hasNoTranslateClass
    }

    private mutating func closeImplied(by token: MarkupToken) {
        while let block = open.innermostBlock, rules.ends(block, before: token.name) {
            close(open.countClosed(by: block, isXML: false) ?? 0, at: token.range.lowerBound)
        }
    }

    /// What an element's beginning means for the sentence.
    private mutating func begin(
        _ token: MarkupToken, _ traits: ElementRules.Traits, _ translates: Bool
    ) {
        let isBlock = traits.contains(.block)
        if isBlock { separate(at: token.range.lowerBound) }
        switch (open.translates, translates) {
        case (true, true): if !isBlock { addTag(.start, token.range, token.name) }
        case (true, false):
            let mode: KeptContext.Mode =
                isBlock ? .block : traits.contains(.silent) ? .silent : .inline
            contexts.append(
                KeptContext(
                    mode: mode, isVisible: traits.contains(.visible), firstScalar: scalars.count,
                    firstByte: token.range.lowerBound))
        case (false, true):
            separate(at: token.range.lowerBound)
            contexts.append(nil)
        case (false, false): break
        }
    }

    private mutating func addRaw(_ name: String, _ traits: ElementRules.Traits) {
        let content = traits.contains(.endless) ? tokenizer.rest() : tokenizer.rawText(of: name)
        add(text: content, decodes: name == "title" || name == "textarea")
    }

    private mutating func add(end token: MarkupToken) {
        let isBlock = rules[token.name].contains(.block)
        guard let count = open.countClosed(by: token.name, isXML: rules.isXML) else {
            // A browser sees an empty paragraph, or a line's end.
            if isBlock && !rules.isXML {
                separate(at: token.range.lowerBound)
            } else {
                addTag(.end, token.range, token.name)
            }
            return
        }
        close(count - 1, at: token.range.lowerBound)
        guard let element = open.close() else { return }
        if element.isChange {
            leave(element, at: token.range.upperBound)
        } else if isBlock {
            separate(at: token.range.lowerBound)
        } else {
            addTag(.end, token.range, token.name)
        }
    }

    /// Closes elements that have no end tag.
    private mutating func close(_ count: Int, at place: Int) {
        for _ in 0..<count {
            guard let element = open.close() else { return }
            leave(element, at: place)
        }
    }

    /// What the end of an element means, which is no longer open.
    private mutating func leave(_ element: OpenElements.Element, at place: Int) {
        guard element.isChange, let context = contexts.popLast() else { return }
        if let context {
            finish(context, at: place)
        } else {
            separate(at: place)
        }
    }

    private mutating func addTag(_ kind: MarkupText.Tag.Kind, _ range: Range<Int>, _ name: String) {
        guard open.translates else { return }
        let number = names[name] ?? names.count
        if number == names.count { names[name] = number }
        tags.append(
            MarkupText.Tag(
                kind: kind, range: range, place: scalars.count, name: number, isVisible: false))
    }

    private mutating func addPoint(_ range: Range<Int>, isVisible: Bool) {
        guard open.translates else { return }
        if isVisible { lastVisible = tags.count }
        tags.append(
            MarkupText.Tag(
                kind: .point, range: range, place: scalars.count, name: -1, isVisible: isVisible))
    }

    // MARK: What is kept

    /// Parts sentences, also within what is kept.
    private mutating func separate(at byte: Int) {
        guard var context = contexts.last ?? nil else { return appendSeparator(byte..<byte) }
        switch context.mode {
        case .silent: break
        case .block: appendSeparator(byte..<byte)
        case .inline:
            // What was read of it is no part of a sentence any more.
            let unread = scalars.count - context.firstScalar
            scalars.removeLast(unread)
            starts.removeLast(unread)
            ends.removeLast(unread)
            context.mode = .block
            contexts[contexts.count - 1] = context
            appendSeparator(context.firstByte..<context.firstByte)
        }
    }

    /// Adds a separator, unless nothing but blanks came since the last one: a tag on either side of a block's
    /// stays there.
    private mutating func appendSeparator(_ range: Range<Int>) {
        let isParted = scalars.last.map { $0 == MarkupText.separator } ?? true
        let isAfterTag = tags.last?.place == scalars.count
        if !isParted || isAfterTag || !range.isEmpty { append(MarkupText.separator, range) }
    }

    private mutating func append(_ scalar: Unicode.Scalar, _ range: Range<Int>) {
        scalars.append(scalar)
        starts.append(range.lowerBound)
        ends.append(range.upperBound)
    }

    /// Ends what was kept.
    private mutating func finish(_ context: KeptContext, at end: Int) {
        let range = context.firstByte..<end
        guard context.mode == .inline else {
            if context.mode == .silent {
                addPoint(range, isVisible: context.isVisible)
            } else {
                appendSeparator(end..<end)
            }
            return
        }
        var isBlankAfter = false
        while scalars.count > context.firstScalar, let last = scalars.last, last.isBlank {
            isBlankAfter = true
            removeLast()
        }
        if scalars.count == context.firstScalar {
            addPoint(range, isVisible: isBlankAfter)
        } else {
            kept.append(MarkupText.Kept(range: context.firstScalar..<scalars.count))
            starts[context.firstScalar] = range.lowerBound
            ends[scalars.count - 1] = range.upperBound
        }
        if isBlankAfter { append(" ", end..<end) }
    }

    private mutating func removeLast() {
        scalars.removeLast()
        starts.removeLast()
        ends.removeLast()
    }

    private mutating func add(characterData range: Range<Int>) {
        let content = (range.lowerBound + 9)..<(range.upperBound - 3)
        guard open.translates else { return add(text: content, decodes: false) }
        contexts.append(
            KeptContext(
                mode: .inline, isVisible: true, firstScalar: scalars.count,
                firstByte: range.lowerBound))
        add(text: content, decodes: false)
        if case .some(.some(let context)) = contexts.popLast() {
            finish(context, at: range.upperBound)
        }
    }

    // MARK: Text

    private mutating func add(text range: Range<Int>, decodes: Bool) {
        let context = contexts.last ?? nil
        if let context, context.mode != .inline { return }
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if MarkupTokenizer.isBlank(byte) {
                index = addBlanks(from: index, before: range.upperBound)
            } else if byte == UInt8(ascii: "&"), decodes {
                index = addReference(at: index, before: range.upperBound)
            } else {
                index = addScalar(at: index)
            }
            if context != nil, isKeptTooLong { return separate(at: index) }
        }
    }

    private var isKeptTooLong: Bool {
        guard let context = contexts.last ?? nil else { return false }
        return scalars.count - context.firstScalar > Self.longestKept
    }

    private mutating func addScalar(at index: Int) -> Int {
        let byte = bytes[index]
        if byte < 0x80 {
            add(Unicode.Scalar(byte), index..<(index + 1))
            return index + 1
        }
        // The bytes are those of a string, which is valid UTF-8.
        let count = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
        var value = UInt32(byte) & (0x7F >> UInt32(count))
        for next in bytes[(index + 1)..<(index + count)] {
            value = value << 6 | UInt32(next & 0x3F)
        }
        add(Unicode.Scalar(value) ?? "\u{FFFD}", index..<(index + count))
        return index + count
    }

    /// Adds a scalar of text; what is blank at the beginning of what is kept stands before it.
    private mutating func add(_ scalar: Unicode.Scalar, _ range: Range<Int>) {
        guard var context = contexts.last ?? nil else { return append(scalar, range) }
        guard scalars.count == context.firstScalar, scalar.isBlank else {
            return append(LineSplitter.endsLine(scalar) ? " " : scalar, range)
        }
        guard let last = scalars.last, last != " ", last != MarkupText.separator else { return }
        append(" ", context.firstByte..<context.firstByte)
        context.firstScalar += 1
        contexts[contexts.count - 1] = context
    }

    /// Adds a run of white space: one blank, or none behind another.
    private mutating func addBlanks(from start: Int, before limit: Int) -> Int {
        var end = start
        while end < limit, MarkupTokenizer.isBlank(bytes[end]) {
            if open.isPreformatted, open.translates, bytes[end] == UInt8(ascii: "\n") {
                appendSeparator(end..<(end + 1))
            }
            end += 1
        }
        addBlank(start..<end)
        return end
    }

    private mutating func addBlank(_ range: Range<Int>) {
        if let last = scalars.last, last != MarkupText.separator, last != " " {
            add(" ", range)
        } else if let lastVisible, tags[lastVisible].place == scalars.count {
            tags[lastVisible].dropsBlank = true
        }
    }

    private mutating func addReference(at start: Int, before limit: Int) -> Int {
        if let decoded = CharacterReferences.decode(
            bytes, at: start, before: limit, isXML: rules.isXML)
        {
            let range = start..<decoded.end
            if decoded.first == " " || decoded.first == "\n" || decoded.first == "\t" {
                addBlank(range)
            } else {
                add(decoded.first, range)
            }
            if let second = decoded.second { add(second, decoded.end..<decoded.end) }
            return decoded.end
        }
        guard rules.isXML, open.translates,
            let end = CharacterReferences.entityEnd(bytes, at: start, before: limit)
        else { return addScalar(at: start) }
        // What the document declares itself is kept as it is written.
        let first = scalars.count
        var index = start
        while index < end { index = addScalar(at: index) }
        kept.append(MarkupText.Kept(range: first..<scalars.count))
        return end
    }
}
