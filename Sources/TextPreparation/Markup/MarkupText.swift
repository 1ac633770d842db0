/// A text with tags as its readers see it, and where its tags stand.
struct MarkupText {
    /// A tag within text, or what stands there without text.
    struct Tag {
        enum Kind {
            case start
            case end
            /// A void element, a comment, or an element without translated text.
            case point
        }

        let kind: Kind
        /// Its bytes.
        let range: Range<Int>
        /// The number of scalars before it.
        let place: Int
        /// The same for tags of one name.
        let name: Int
        /// Whether a reader sees it.
        let isVisible: Bool
        /// Whether a blank behind it was left out, since one is before it.
        var dropsBlank = false
    }

    /// An element within text that is not translated, with its content.
    struct Kept {
        /// The scalars of its text.
        let range: Range<Int>
    }

    /// The text.
    ///
    /// A scalar U+2029 without bytes stands where a block begins or ends.
    let text: ScalarText
    /// The tags within text, ascending.
    let tags: [Tag]
    /// The elements within text that are not translated, ascending.
    let kept: [Kept]

    static let separator: Unicode.Scalar = "\u{2029}"
}

/// Finds the elements of XML that stand beside text.
///
/// An element is inline where any of that name has text beside it, in the element around it, that is not blank.
enum XMLOutline {
    /// The names, in one pass.
    static func inlineNames(_ bytes: [UInt8]) -> Set<String> {
        var tokenizer = MarkupTokenizer(bytes, isXML: true)
        var inline: Set<String> = []
        // For each open element the names in it, until text makes them inline.
        var open = [Element(name: "")]
        while let token = tokenizer.next() {
            let last = open.count - 1
            switch token.kind {
            case .text:
                guard !open[last].hasText,
                    bytes[token.range].contains(where: { !MarkupTokenizer.isBlank($0) })
                else { continue }
                text(in: &open[last], &inline)
            case .characterData: text(in: &open[last], &inline)
            case .start:
                if open[last].hasText {
                    inline.insert(token.name)
                } else {
                    open[last].children.insert(token.name)
                }
                if !token.isSelfClosing { open.append(Element(name: token.name)) }
            case .end: if last > 0, open[last].name == token.name { open.removeLast() }
            case .hidden: break
            }
        }
        return inline
    }

    private struct Element {
        let name: String
        var hasText = false
        var children: Set<String> = []
    }

    private static func text(in element: inout Element, _ inline: inout Set<String>) {
        element.hasText = true
        inline.formUnion(element.children)
        element.children = []
    }
}
