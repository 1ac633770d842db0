import System

/// What tells one state of some files from the next: which files they are, links followed, and when and to
/// what size they were written.
///
/// A file that is renamed into place, a link that is led elsewhere, as `..data` is in a volume of Kubernetes,
/// one that is written to, and one whose permissions change all give another signature.
package struct FileSignature: Equatable {
    /// Nil where there is no such file, or it cannot be seen.
    private let identities: [FileIdentity?]

    /// The state of files as they are now.
    package init(_ paths: [String]) {
        identities = paths.map { FileIdentity($0) }
    }
}

/// Finds changes that have come to rest: a file that is being written is not read.
package struct ChangeDetector {
    private var used: FileSignature
    private var last: FileSignature

    /// Compares with what is in use.
    package init(_ used: FileSignature) {
        self.used = used
        last = used
    }

    /// Looks at the state of now.
    ///
    /// - Returns: whether it is not the one in use, and the same as at the last look; says so once.
    package mutating func finds(_ now: FileSignature) -> Bool {
        defer { last = now }
        guard now != used, now == last else { return false }
        used = now
        return true
    }
}
