public import Checkpoint
import Digest
import JSON
import System

/// What a watch has seen, as a file keeps it from one process to the next.
///
/// The file is a line that names format, version and the SHA-256 of what follows, and an object of JSON. No text stands in it. A value.
public struct WatchState: Sendable, Equatable {
    /// The evidence against one certificate.
    public struct Entry: Sendable, Equatable {
        /// The model's id.
        public let model: String
        /// What is lost.
        public let risk: Risk
        /// `ExitCertificate.digest` of the very certificate.
        public let certificate: String
        /// What was seen; it knows δ.
        public let martingale: BettingMartingale

        /// States what was seen.
        ///
        /// - Parameters:
        ///   - model: the model's id.
        ///   - certificate: which was watched.
        ///   - martingale: of its δ.
        public init(
            model: String, _ certificate: ExitCertificate, _ martingale: BettingMartingale
        ) {
            self.model = model
            risk = certificate.risk
            self.certificate = certificate.digest
            self.martingale = martingale
        }

        fileprivate init?(_ json: JSONObject) {
            guard let model = json["model"]?.stringValue,
                let risk = json["risk"]?.stringValue.flatMap(Risk.init),
                let certificate = json["certificate"]?.stringValue,
                let martingale = json["martingale"]?.objectValue.flatMap(BettingMartingale.init)
            else { return nil }
            self.model = model
            self.risk = risk
            self.certificate = certificate
            self.martingale = martingale
        }

        fileprivate var json: JSONObject {
            JSONObject([
                .init("model", .string(model)), .init("risk", .string(risk.rawValue)),
                .init("certificate", .string(certificate)),
                .init("martingale", .object(martingale.json)),
            ])
        }

        /// Whether this is evidence against that certificate of that model, and no other.
        func isAbout(_ certificate: ExitCertificate, of model: String) -> Bool {
            self.model == model && martingale.delta == certificate.delta
                && self.certificate == certificate.digest
        }
    }

    /// One for each certificate.
    public let entries: [Entry]

    /// States what was seen.
    public init(entries: [Entry]) { self.entries = entries }

    /// Why a file is not gone on from.
    public enum Fault: Error, Sendable, Equatable, CustomStringConvertible {
        /// Something else, or what another version wrote.
        case otherFormat
        /// Bytes are missing or changed.
        case damaged

        /// A clause for the log.
        public var description: String {
            switch self {
            case .otherFormat: "not a state of the watch that this version writes"
            case .damaged: "damaged: its checksum is that of other bytes"
            }
        }
    }

    private static let format = "shoal-watch 1 "

    /// The whole file.
    public var bytes: [UInt8] {
        let object = JSONObject([
            .init("entries", .array(entries.map { .object($0.json) }))
        ])
        let body = JSON.serialize(.object(object)) + [UInt8(ascii: "\n")]
        return Array((Self.format + Self.checksum(body) + "\n").utf8) + body
    }

    /// Reads the whole file.
    ///
    /// - Parameter bytes: what `bytes` gave, or anything.
    /// - Throws: `otherFormat`, `damaged`.
    public init(_ bytes: [UInt8]) throws(Fault) {
        guard bytes.starts(with: Self.format.utf8) else { throw .otherFormat }
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { throw .damaged }
        let body = Array(bytes[(end + 1)...])
        let checksum = bytes[Self.format.utf8.count..<end]
        guard checksum.elementsEqual(Self.checksum(body).utf8) else { throw .damaged }
        guard let json = try? JSON.parse(body), let members = json.objectValue,
            let list = members["entries"]?.arrayValue
        else { throw .otherFormat }
        let entries = list.compactMap { $0.objectValue.flatMap(Entry.init) }
        guard entries.count == list.count else { throw .otherFormat }
        self.entries = entries
    }

    private static func checksum(_ body: [UInt8]) -> String {
        Hexadecimal.text(SHA256.digest(body))
    }
}
