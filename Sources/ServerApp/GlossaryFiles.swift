import Configuration
import Glibc
import System
import TranslationAPI

/// The files that `glossaries.files` names.
enum GlossaryFiles {
    /// As large as DeepL's may be.
    private static let byteLimit = 10 << 20

    /// The glossaries, each called as its file is without the ending.
    ///
    /// - Throws: `Failure` that names the file, and the entry that is at fault.
    static func read(_ paths: [String]) throws -> [NamedGlossary] {
        var names: Set<String> = []
        return try paths.map { path in
            let glossary = try read(path)
            guard names.insert(glossary.name).inserted else {
                throw Failure(
                    "glossaries.files has two files called \(glossary.name)", code: EX_CONFIGURATION
                )
            }
            return glossary
        }
    }

    private static func read(_ path: String) throws -> NamedGlossary {
        let file = path.split(separator: "/").last ?? ""
        let dot = file.lastIndex(of: ".") ?? file.endIndex
        guard let format = GlossaryFormat(rawValue: file[dot...].dropFirst().lowercased()),
            dot > file.startIndex
        else {
            throw Failure(
                "glossaries.files \(path) must end in .tsv or .csv", code: EX_CONFIGURATION)
        }
        let bytes: [UInt8]
        do {
            bytes = try RegularFile.bytes(path, limit: byteLimit)
        } catch {
            throw Failure("glossaries.files \(error)", code: EX_NOINPUT)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure("glossaries.files \(path): not UTF-8", code: EX_DATAERR)
        }
        do {
            return try NamedGlossary(name: String(file[..<dot]), text: text, format: format)
        } catch {
            throw Failure("glossaries.files \(path): \(error)", code: EX_DATAERR)
        }
    }
}
