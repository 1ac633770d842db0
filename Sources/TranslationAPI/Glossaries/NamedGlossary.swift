public import TextPreparation

/// A glossary under a name, from a file of the server's: of the languages of whatever model is served.
public struct NamedGlossary: Sendable {
    /// What requests call it.
    public let name: String
    /// Its entries.
    public let glossary: Glossary

    /// Pairs a name with a glossary.
    public init(name: String, glossary: Glossary) {
        self.name = name
        self.glossary = glossary
    }

    /// Reads the text of a file.
    ///
    /// - Parameters:
    ///   - name: what requests will call it.
    ///   - text: the whole file.
    ///   - format: how it is written.
    /// - Throws: the first entry that is at fault.
    public init(name: String, text: String, format: GlossaryFormat) throws(GlossaryError) {
        self.init(name: name, glossary: try format.read(text))
    }
}
