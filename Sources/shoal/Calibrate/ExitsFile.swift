import Checkpoint
import Configuration
import Glibc
import JSON
import System

/// exits.json of a checkpoint directory, for changing some of it.
struct ExitsFile {
    private let path: String
    private let directory: String
    private var object: JSONObject

    /// Reads the file; where there is none, starts from what the checkpoint does without it.
    init(_ checkpoint: Checkpoint) throws {
        directory = checkpoint.directory
        path = directory + "/exits.json"
        guard access(path, F_OK) == 0 else {
            object = checkpoint.exits.json
            return
        }
        let text = try readLines(path).joined(separator: "\n")
        guard let object = try? JSON.parse(Array(text.utf8)).objectValue else {
            throw Failure("\(path) is no JSON object any more", code: EX_DATAERR)
        }
        self.object = object
    }

    /// Ends the command before a long search whose result could not be kept.
    static func requireWritable(_ directory: String) throws {
        guard access(directory, W_OK | X_OK) == 0 else {
            throw Failure(
                "\(directory): cannot write exits.json: \(String(cString: strerror(errno)))",
                code: EX_CANTCREAT)
        }
    }

    /// Takes everything of a policy's member from `exits` and leaves all other members as they are.
    mutating func take(
        _ policy: ExitsConfiguration.Policy, _ member: String, from exits: ExitsConfiguration
    ) {
        let path = ["policies", policy.rawValue, member]
        object = object.setting(path[...], to: exits.json.value(path[...]))
    }

    /// Replaces the file, whole or not at all.
    func write() throws {
        do {
            let text = JSON.serialize(.object(object), style: .pretty)
            try AtomicFile.write(text + Array("\n".utf8), to: path)
        } catch {
            throw Failure("\(error)", code: EX_CANTCREAT)
        }
    }
}

extension JSONObject {
    /// The value at a path of names; nil where there is none.
    fileprivate func value(_ path: ArraySlice<String>) -> JSONValue? {
        guard let name = path.first else { return .object(self) }
        let value = self[name]
        return path.count == 1 ? value : value?.objectValue?.value(path.dropFirst())
    }

    /// The same with another value, or none, at a path of names; objects on the way are made.
    fileprivate func setting(_ path: ArraySlice<String>, to value: JSONValue?) -> JSONObject {
        guard let name = path.first else { return self }
        let inner = path.dropFirst()
        let new =
            inner.isEmpty
            ? value
            : .object((self[name]?.objectValue ?? JSONObject([])).setting(inner, to: value))
        var members = members
        let index = members.firstIndex { ExactString($0.name) == ExactString(name) }
        switch (index, new) {
        case (let index?, let new?): members[index] = Member(name, new)
        case (let index?, nil): members.remove(at: index)
        case (nil, let new?): members.append(Member(name, new))
        case (nil, nil): break
        }
        return JSONObject(members)
    }
}
