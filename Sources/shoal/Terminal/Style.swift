import Glibc

/// Colours and weights, where a terminal shows them and nobody has asked for none.
struct Style {
    /// What a text is.
    enum Role: String {
        /// What went wrong: bold and red.
        case fault = "1;31"
        /// The head of a table: bold.
        case heading = "1"
        /// What may be overlooked: pale.
        case faint = "2"
    }

    private let isOn: Bool

    /// That of a descriptor: on for terminals, off where NO_COLOR is set (no-color.org) or TERM is dumb.
    init(of descriptor: Int32) {
        func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
        isOn =
            isatty(descriptor) == 1 && variable("NO_COLOR").isEmpty && variable("TERM") != "dumb"
            && !variable("TERM").isEmpty
    }

    /// That of standard output.
    static let standardOutput = Style(of: STDOUT_FILENO)
    /// That of standard error.
    static let standardError = Style(of: STDERR_FILENO)

    /// The text in its role's colour.
    func applied(_ role: Role, to text: String) -> String {
        isOn && !text.isEmpty ? "\u{1B}[\(role.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// A table whose first line is its head.
    func table(_ text: String) -> String {
        let end = text.firstIndex(of: "\n") ?? text.endIndex
        return applied(.heading, to: String(text[..<end])) + text[end...]
    }
}
