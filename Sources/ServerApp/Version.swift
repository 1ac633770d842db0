/// The version of the tool and the server, kept here alone.
package enum Version {
    /// MAJOR.MINOR.PATCH (Semantic Versioning 2.0.0).
    package static let current = "0.1.0"
}
