import Glibc

/// The end of a command: a message for people and an exit code of sysexits.h.
package struct Failure: Error, CustomStringConvertible {
    /// What went wrong, where, and what would be right.
    package let description: String
    /// The status that the process ends with.
    package let code: Int32

    /// A failure with a message; without a code of its own it ends with 1.
    package init(_ description: String, code: Int32 = EXIT_FAILURE) {
        self.description = description
        self.code = code
    }
}

extension Failure {
    /// One failure that states several, each on a line; the first one's code.
    ///
    /// - Parameter failures: in the order in which they would have been met; at least one.
    package init(_ failures: [Failure]) {
        self.init(
            failures.map(\.description).joined(separator: "\nshoal: "),
            code: failures.first?.code ?? EXIT_FAILURE)
    }
}

/// EX_CONFIG of sysexits.h, which is a macro there; named as its siblings from C are.
// swift-format-ignore: AlwaysUseLowerCamelCase
package let EX_CONFIGURATION: Int32 = 78
