import Foundation
import HTTPServer
import TestSupport
import Testing

/// The certificates of `Resources`, which its script describes.
enum TestCertificates {
    static func path(_ name: String) throws -> String {
        try #require(Bundle.module.url(forResource: "Resources/\(name)", withExtension: nil)).path
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    /// What a server with that certificate is configured with.
    static func configuration(_ name: String = "server", clientCA: String? = nil) throws
        -> TLSConfiguration
    {
        TLSConfiguration(
            certificatePath: try path("\(name).pem"), keyPath: try path("\(name)-key.pem"),
            clientCAPath: try clientCA.map(path))
    }
}
