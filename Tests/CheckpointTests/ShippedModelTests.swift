import Checkpoint
import Digest
import TestSupport
import Testing

@Suite("Models in the repository")
struct ShippedModelTests {
    @Test(
        "Files of a model have the checksums beside them, and it can be read",
        arguments: ["multi30k-de-en", "tatoeba-de-en"])
    func checksums(_ name: String) throws {
        let folder = "models/\(name)"
        let list = String(decoding: try Repository.bytes("\(folder)/SHA256SUMS"), as: UTF8.self)
        let lines = list.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        for line in lines {
            try #require(line.count == 2)
            let digest = SHA256.digest(try Repository.bytes("\(folder)/\(line[1])"))
            let text = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(text == line[0], "\(line[1])")
        }
        let checkpoint = try Checkpoint(directory: Repository.path(folder))
        #expect(Set(checkpoint.files.map(\.name)).isSubset(of: Set(lines.map { $0[1] })))
        #expect(checkpoint.tokenizer.sourceLanguage == "de")
        #expect(checkpoint.tokenizer.targetLanguage == "en")
    }
}
