import JSON
import System

extension Weights {
    /// Opens the safetensors files of a checkpoint in several parts, as Hugging Face writes them.
    ///
    /// - Parameters:
    ///   - file: the index, JSON with `weight_map`: the name of each tensor and of the file that it is in.
    ///   - index: what the file holds.
    ///   - directory: where it and the parts are.
    /// - Throws: as for a single file; `outOfRange` for too many parts, `unsupportedValue` for a part that is no plain name of a safetensors file,
    ///   `tensorMissing` for a tensor that is not where the index says.
    init(shardIndex file: String, _ index: JSONObject, in directory: String)
        throws(CheckpointError)
    {
        let keys = KeyReader(file: file, object: index)
        guard let map = try keys.optionalObject("weight_map") else {
            throw keys.fault(
                .keyMissing, "weight_map", found: "no such key", expected: "files by tensor")
        }
        var names: [ExactString: String] = [:]
        for member in map.object.members {
            guard let part = member.value.stringValue else {
                throw map.fault(
                    .wrongType, member.name, found: member.value.kind, expected: "a file's name")
            }
            names[ExactString(member.name)] = part
        }
        let files = Set(names.values).sorted()
        guard files.count <= Self.partLimit else {
            throw CheckpointError(
                .outOfRange, file: file, found: "\(files.count) files",
                expected: "at most \(Self.partLimit), all of which are open at once")
        }
        var entries: [Entry] = []
        var parts: [OpenFile] = []
        for name in files {
            guard Self.isPlain(name) else {
                throw CheckpointError(
                    .unsupportedValue, file: file,
                    found: "the file \(CheckpointError.quoted(name))",
                    expected: "the name of a safetensors file beside the index")
            }
            let opened = try OpenFile(name, in: directory)
            for var entry in try SafetensorsHeader(opened).entries
            where names[ExactString(entry.name)] == name {
                entry.part = parts.count
                entries.append(entry)
            }
            parts.append(opened)
        }
        self.init(file: file, entries: entries, parts: parts)
        for member in map.object.members where !contains(member.name) {
            throw CheckpointError(
                .tensorMissing, file: names[ExactString(member.name)] ?? file, subject: member.name,
                found: "no such tensor", expected: "what \(file) says")
        }
    }

    /// Several times what the largest models have.
    private static let partLimit = 256

    private static func isPlain(_ name: String) -> Bool {
        name.hasSuffix(".safetensors")
            && name.utf8.allSatisfy {
                $0 != UInt8(ascii: "/") && $0 >= UInt8(ascii: " ") && $0 != 0x7F
            }
    }
}
