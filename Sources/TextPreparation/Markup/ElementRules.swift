/// What elements are, by their names.
struct ElementRules {
    /// What an element is.
    struct Traits: OptionSet {
        let rawValue: UInt16

        /// It ends sentences.
        static let block = Self(rawValue: 1)
        /// It has neither content nor an end tag.
        static let void = Self(rawValue: 2)
        /// Its content is not translated.
        static let kept = Self(rawValue: 4)
        /// Its content is no part of the sentence around it.
        static let silent = Self(rawValue: 8)
        /// Its content has no tags.
        static let raw = Self(rawValue: 16)
        /// It is seen though it has no text, so that blanks on both sides stay two.
        static let visible = Self(rawValue: 32)
        /// Its lines stay lines.
        static let preformatted = Self(rawValue: 64)
        /// All that follows is its content.
        static let endless = Self(rawValue: 128)
    }

    let isXML: Bool
    private var traits: [String: Traits]
    /// What holds for other names.
    private let others: Traits

    /// - Parameters:
    ///   - options: how the text is read.
    ///   - outline: the elements of XML that stand beside text, where the outline is detected.
    init(_ options: MarkupOptions, outline: Set<String>?) {
        isXML = options.syntax == .xml
        traits = isXML ? [:] : Self.html
        others = outline == nil ? [] : .block
        for name in outline ?? [] { traits[name] = [] }
        func change(_ names: Set<String>, _ change: (inout Traits) -> Void) {
            for name in names { change(&traits[isXML ? name : name.lowercased(), default: others]) }
        }
        change(options.nonSplittingTags) { $0.remove(.block) }
        change(options.splittingTags) { $0.insert(.block) }
        change(options.ignoredTags) { $0.insert(.kept) }
    }

    /// What an element is.
    subscript(name: String) -> Traits { traits[name] ?? others }

    // MARK: HTML

    private static let html: [String: Traits] = {
        var traits: [String: Traits] = [:]
        func add(_ names: String, _ new: Traits) {
            for name in names.split(separator: " ") {
                traits[String(name), default: []].formUnion(new)
            }
        }
        add(
            "address article aside blockquote body button canvas caption center colgroup dd", .block
        )
        add("details dialog dir div dl dt fieldset figcaption figure footer form frameset", .block)
        add("h1 h2 h3 h4 h5 h6 head header hgroup html legend li listing main menu nav", .block)
        add("noframes noscript object ol optgroup option p plaintext pre search section", .block)
        add("select summary table tbody td template tfoot th thead title tr ul xmp", .block)
        add("audio video br hr frame", .block)
        add("area base basefont bgsound br col embed frame hr img input keygen link", .void)
        add("meta param source track wbr", .void)
        add("code kbd samp var tt math listing plaintext pre xmp noframes", .kept)
        add("iframe noembed rp rt rtc script style svg textarea", [.kept, .silent])
        add("iframe noembed noframes plaintext script style textarea title xmp", .raw)
        add("embed iframe img input svg textarea", .visible)
        add("listing pre", .preformatted)
        add("plaintext", .endless)
        return traits
    }()

    /// Whether the start tag of an element ends an open one, the innermost of the blocks (HTML Living Standard,
    /// section 13.1.2.4).
    func ends(_ open: String, before name: String) -> Bool {
        guard !isXML else { return false }
        switch open {
        case "p": return self[name].contains(.block) && !Self.withinParagraph.contains(name)
        case "li": return name == "li"
        case "dt", "dd": return name == "dt" || name == "dd"
        case "option": return name == "option" || name == "optgroup"
        case "td", "th": return Self.cells.contains(name) || name == "tr"
        case "tr": return name == "tr"
        default: return false
        }
    }

    private static let cells: Set = ["td", "th"]
    private static let withinParagraph: Set = [
        "audio", "br", "button", "canvas", "noscript", "object", "optgroup", "option", "select",
        "template", "title", "video",
    ]
}

/// The elements that are open at a place of a text.
///
/// All operations take constant time, but for the elements that they close.
struct OpenElements {
    /// An open element.
    struct Element {
        let name: String
        let isBlock: Bool
        /// Whether text in it is translated.
        let translates: Bool
        let isPreformatted: Bool
        /// Whether translation ends or begins with it.
        let isChange: Bool
        /// The place of the innermost block around it; −1 outside all.
        fileprivate let outerBlock: Int
        /// The place of the next element outside of it with the same name.
        fileprivate let outerNamesake: Int?
    }

    private var elements: [Element] = []
    /// The innermost element of each name.
    private var places: [String: Int] = [:]
    private var block = -1

    /// Whether text is translated here.
    var translates: Bool { elements.last?.translates ?? true }
    /// Whether lines stay lines here.
    var isPreformatted: Bool { elements.last?.isPreformatted ?? false }

    /// The name of the innermost block, with nothing but inline elements open in it.
    var innermostBlock: String? { block >= 0 ? elements[block].name : nil }

    /// Opens an element.
    mutating func open(_ name: String, isBlock: Bool, translates: Bool, isPreformatted: Bool) {
        let place = elements.count
        elements.append(
            Element(
                name: name, isBlock: isBlock, translates: translates,
                isPreformatted: isPreformatted, isChange: translates != self.translates,
                outerBlock: block, outerNamesake: places[name]))
        places[name] = place
        if isBlock { block = place }
    }

    /// The number of elements that an end tag closes, innermost first; nil if it closes none.
    ///
    /// In HTML the end tag of an inline element closes no block, unless translation ends or begins with the element.
    func countClosed(by name: String, isXML: Bool) -> Int? {
        guard let place = places[name] else { return nil }
        let element = elements[place]
        let isInlineAroundBlock = !element.isBlock && place < block
        return !isXML && isInlineAroundBlock && !element.isChange ? nil : elements.count - place
    }

    /// Closes the innermost element.
    mutating func close() -> Element? {
        guard let element = elements.popLast() else { return nil }
        places[element.name] = element.outerNamesake
        block = min(block, element.isBlock ? element.outerBlock : block)
        return element
    }
}
