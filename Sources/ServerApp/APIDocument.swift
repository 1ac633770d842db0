import Configuration
import EmbeddedFiles
import JSON
import Yams

/// openapi.yaml, which is a part of the binary, and the same as JSON.
enum APIDocument {
    /// The file as it is.
    static let yaml = EmbeddedFile.bytes("openapi.yaml")

    /// The same as JSON, made anew by each call; takes some milliseconds.
    ///
    /// - Throws: where it is no YAML that JSON can say, too.
    static func json() throws -> [UInt8] {
        guard let root = try Yams.compose(yaml: String(decoding: yaml, as: UTF8.self)) else {
            throw Failure("openapi.yaml is empty")
        }
        var writer = JSONWriter()
        try write(root, to: &writer)
        return writer.bytes
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
