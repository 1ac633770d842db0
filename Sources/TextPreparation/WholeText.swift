extension PreparedText {
    /// A text that is one sentence and is given to the model as it is: nothing of it is copied, protected or changed.
    public init(whole text: String) {
        let range = 0..<text.utf8.count
        self.init(
            source: text, units: [.input(0)],
            sentences: [Sentence(source: range, inputs: 0..<1)],
            inputs: [ModelInput(whole: text)], cases: .none, syntax: nil, markup: [])
    }
}

extension PreparedText {
    /// A text of which nothing is translated.
    public init(copied text: String) {
        self.init(
            source: text, units: [.copied(0..<text.utf8.count)], sentences: [], inputs: [],
            cases: .none, syntax: nil, markup: [])
    }
}

extension ModelInput {
    /// A text as it is, without spans.
    fileprivate init(whole text: String) {
        self.init(
            text: text, sentence: 0, source: 0..<text.utf8.count, spans: [], casing: .running,
            mark: nil, end: text.utf8.count,
            shifts: [], markup: nil, followsDirectly: false)
    }
}
