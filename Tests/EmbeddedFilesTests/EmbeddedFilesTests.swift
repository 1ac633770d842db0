import EmbeddedFiles
import TestSupport
import Testing

@Suite("Files that are a part of the binary")
struct EmbeddedFilesTests {
    @Test(
        "Each file of a folder of data is one, with the same bytes",
        arguments: ["Pages/Web", "TextPreparation/Languages"])
    func folder(path: String) throws {
        let names = try Repository.names(in: "Sources/\(path)")
        #expect(!names.isEmpty)
        for name in names { try expectSame("\(path)/\(name)", as: "Sources/\(path)/\(name)") }
    }

    @Test("Those of other folders have the same bytes, too")
    func others() throws {
        for path in ["LanguageIdentification/profiles.bin", "TextPreparation/Markup/entities.txt"] {
            try expectSame(path, as: "Sources/\(path)")
        }
        try expectSame("openapi.yaml", as: "openapi.yaml")
    }

    private func expectSame(_ path: String, as file: String) throws {
        #expect(EmbeddedFile.bytes(path) == (try Repository.bytes(file)), "\(path)")
    }
}
