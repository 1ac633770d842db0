import Checkpoint
import Digest
import System

/// The digests of files of weights with the identities of the files, as they are kept on disk: a line each, the last line a checksum of
/// those before it.
enum DigestList {
    private static let title = "shoal digests 1"
    /// Some hundred files.
    private static let byteLimit = 64 << 10

    /// What is written down; digests without an identity are of no use.
    static func text(_ digests: [Checkpoint.WeightDigest]) -> [UInt8] {
        var lines = [title]
        for entry in digests {
            guard let identity = entry.identity else { continue }
            let numbers = identity.numbers.map(String.init).joined(separator: " ")
            lines.append("\(Hexadecimal.text(entry.digest)) \(numbers) \(entry.name)")
        }
        let text = lines.map { $0 + "\n" }.joined()
        return Array((text + checksum(text) + "\n").utf8)
    }

    /// What was written down; nil where the text is no such list, whole.
    static func parse(_ bytes: [UInt8]) -> [Checkpoint.WeightDigest]? {
        guard bytes.count <= byteLimit else { return nil }
        var lines = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count >= 3, lines.removeLast().isEmpty else { return nil }
        let stated = lines.removeLast()
        guard stated == checksum(lines.map { $0 + "\n" }.joined()), lines.removeFirst() == title
        else { return nil }
        var digests: [Checkpoint.WeightDigest] = []
        for line in lines {
            let fields = line.split(
                separator: " ", maxSplits: FileIdentity.count + 1, omittingEmptySubsequences: false)
            guard fields.count == FileIdentity.count + 2,
                let digest = Hexadecimal.bytes(fields[0].utf8), digest.count == 32,
                let identity = FileIdentity(
                    numbers: fields[1...FileIdentity.count].compactMap { Int($0) })
            else { return nil }
            digests.append(
                .init(name: String(fields[fields.count - 1]), digest: digest, identity: identity))
        }
        return digests
    }

    private static func checksum(_ text: String) -> String {
        String(XXH64.checksum(Array(text.utf8)), radix: 16)
    }
}
