/// How a text with tags is read.
///
/// Text between tags is translated, with its character references decoded; the tags stay, byte for byte. Tags of
/// blocks end sentences; those within a sentence are placed around the words that their own words became. Not
/// translated, and kept byte for byte: comments, doctypes, processing instructions and CDATA sections; what
/// `translate="no"` or the class `notranslate` marks (`translate="yes"` within brings translation back); `code`,
/// `kbd`, `samp`, `var`, `tt`, `pre`, `script`, `style`, `textarea`, `iframe`, `math`, `svg`, and what the ruby
/// elements `rt` and `rp` hold; all attributes, `alt`, `title` and `placeholder` among them.
///
/// White space counts as HTML shows it: a run is one blank, and ends of lines are blanks.
public struct MarkupOptions: Sendable {
    /// The language of the tags.
    public enum Syntax: Sendable {
        /// HTML as browsers read it (WHATWG, HTML Living Standard, section 13.2.5), whatever is wrong with it.
        case html
        /// XML 1.0. Names keep their case, and any element may be a block.
        case xml
    }

    /// The language of the tags.
    public var syntax: Syntax
    /// Elements that are not translated, by their names.
    public var ignoredTags: Set<String> = []
    /// Elements that end sentences.
    public var splittingTags: Set<String> = []
    /// Elements that end no sentence; a name in `splittingTags` too ends them.
    public var nonSplittingTags: Set<String> = []
    /// Whether elements of XML end sentences by where they stand: those that never stand beside text do.
    ///
    /// If not, only `splittingTags` do. In HTML the names decide, in any case.
    public var detectsOutline = true

    /// - Parameter syntax: the language of the tags.
    public init(_ syntax: Syntax) {
        self.syntax = syntax
    }
}
