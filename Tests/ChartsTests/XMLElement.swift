/// An element of a document in the part of XML that charts are written in: no declarations, no
/// comments, no processing instructions.
final class XMLElement {
    /// Why a text is not well-formed.
    struct Fault: Error {
        let text: String
    }

    let name: String
    let attributes: [String: String]
    private(set) var children: [XMLElement] = []
    private(set) var text = ""

    private init(_ tag: String) throws {
        let parts = tag.split(separator: " ", maxSplits: 1)
        guard let name = parts.first, name.allSatisfy(\.isLetter) else { throw Fault(text: tag) }
        self.name = String(name)
        var attributes: [String: String] = [:]
        for part in (parts.count > 1 ? parts[1] : "").split(separator: "\" ") {
            let sides = part.split(separator: "=\"", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, attributes[String(sides[0])] == nil else {
                throw Fault(text: tag)
            }
            let value = sides[1].hasSuffix("\"") ? sides[1].dropLast() : sides[1]
            attributes[String(sides[0])] = try Self.unescaped(value)
        }
        self.attributes = attributes
    }

    /// Reads a whole document of one root element.
    static func parse(_ document: String) throws -> XMLElement {
        let parts = document.split(separator: "<", omittingEmptySubsequences: false)
        guard parts[0].isEmpty else { throw Fault(text: "text before the root") }
        var open: [XMLElement] = []
        var root: XMLElement?
        for part in parts.dropFirst() {
            let halves = part.split(separator: ">", omittingEmptySubsequences: false)
            guard halves.count == 2 else { throw Fault(text: "<\(part)") }
            if halves[0].hasPrefix("/") {
                guard open.popLast()?.name == String(halves[0].dropFirst()) else {
                    throw Fault(text: "<\(part)")
                }
            } else {
                let isEmpty = halves[0].hasSuffix("/")
                let element = try XMLElement(String(isEmpty ? halves[0].dropLast() : halves[0]))
                guard root == nil || !open.isEmpty else { throw Fault(text: "two roots") }
                root = root ?? element
                open.last?.children.append(element)
                if !isEmpty { open.append(element) }
            }
            open.last?.text += try unescaped(halves[1])
        }
        guard let root, open.isEmpty else { throw Fault(text: "not closed") }
        return root
    }

    private static func unescaped(_ text: Substring) throws -> String {
        var parts = text.split(separator: "&", omittingEmptySubsequences: false)
        let entities = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#39": "'"]
        var result = String(parts.removeFirst())
        for part in parts {
            let sides = part.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, let character = entities[String(sides[0])] else {
                throw Fault(text: "&\(part)")
            }
            result += character + sides[1]
        }
        guard result.unicodeScalars.allSatisfy({ $0 >= " " || $0 == "\n" }) else {
            throw Fault(text: result)
        }
        return result
    }

    /// This element and all in it.
    var all: [XMLElement] { [self] + children.flatMap(\.all) }

    /// All elements of a name.
    func elements(_ name: String) -> [XMLElement] { all.filter { $0.name == name } }

    /// What is written anywhere in the picture.
    var texts: [String] { elements("text").map(\.text) }
}
