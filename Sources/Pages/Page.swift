import EmbeddedFiles

/// A document with one style sheet and one script, each made of several files.
struct Page {
    let style: [UInt8]
    let script: [UInt8]
    private let content: [UInt8]

    /// Takes the names of files in `Web`.
    init(styles: [String], content: String, scripts: [String]) {
        style = Array(styles.map(Self.file).joined())
        script = Array(scripts.map(Self.file).joined())
        self.content = Self.file(content)
    }

    /// The tags of `head` and `body` are left out, as HTML allows (HTML Standard §13.1.2.4): the content
    /// begins with the title, and the parser puts the rest where it belongs.
    var document: [UInt8] {
        let parts: [[UInt8]] = [
            Self.file("head.html"), Array("<style>".utf8), style, Array("</style>\n".utf8),
            content, Array("<script type=\"module\">".utf8), script, Array("</script>\n".utf8),
        ]
        return Array(parts.joined())
    }

    private static func file(_ name: String) -> [UInt8] {
        EmbeddedFile.bytes("Pages/Web/\(name)")
    }
}
