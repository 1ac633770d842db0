import Configuration
import Glibc
import JSON
import Yams

/// openapi.yaml as it is, and the same as JSON.
struct APIDocument {
    let yaml: [UInt8]
    let json: [UInt8]

    /// Reads the file.
    ///
    /// - Throws: `Failure` where it is no YAML that JSON can say, too.
    init(path: String) throws {
        let text = try readLines(path).joined(separator: "\n") + "\n"
        yaml = Array(text.utf8)
        do {
            guard let root = try Yams.compose(yaml: text) else { throw Failure("is empty") }
            var writer = JSONWriter()
            try Self.write(root, to: &writer)
            json = writer.bytes
        } catch {
            throw Failure("\(path): \(error)", code: EX_DATAERR)
        }
    }

    private static func write(_ node: Node, to writer: inout JSONWriter) throws {
        switch node {
        case .mapping(let members):
            writer.beginObject()
            for (key, value) in members {
                guard let name = key.string else { throw Failure("a key is not a string") }
                writer.name(name)
                try write(value, to: &writer)
            }
            writer.endObject()
        case .sequence(let elements):
            writer.beginArray()
            for element in elements { try write(element, to: &writer) }
            writer.endArray()
        case .scalar(let scalar): write(scalar.string, taggedAs: node, to: &writer)
        case .alias: throw Failure("an alias has no anchor")
        }
    }

    private static func write(
        _ text: String, taggedAs node: Node, to writer: inout JSONWriter
    ) {
        if node.tag == Tag(.bool), let value = node.bool {
            writer.value(value)
        } else if node.tag == Tag(.int), let value = node.int {
            writer.value(value)
        } else if node.tag == Tag(.float), let value = node.float {
            writer.value(value)
        } else if node.tag == Tag(.null) {
            writer.null()
        } else {
            writer.value(text)
        }
    }
}
