import JSON
import System

/// exits.json of a checkpoint directory, for changing some of it: members that this program does not know
/// stay as they are.
public struct ExitsFile {
    private static let name = "exits.json"

    private let path: String
    private var object: JSONObject

    /// Reads the file; where there is none, starts from what the checkpoint does without it.
    ///
    /// - Parameter checkpoint: what the file belongs to.
    /// - Throws: what is wrong with a file that has changed since the checkpoint was read.
    public init(_ checkpoint: Checkpoint) throws(CheckpointError) {
        path = "\(checkpoint.directory)/\(Self.name)"
        var reader = try DirectoryReader(directory: checkpoint.directory)
        object = try reader.optionalSettings(Self.name) ?? checkpoint.exits.json
    }

    /// Takes the profiles of a policy from a configuration and leaves all else.
    ///
    /// - Parameters:
    ///   - policy: one that takes profiles.
    ///   - exits: what holds them; where it has none the member goes.
    public mutating func takeProfiles(of policy: ExitPolicy, from exits: ExitsConfiguration) {
        take(["policies", policy.rawValue, "profiles"], from: exits)
    }

    /// Takes the thresholds of a policy from a configuration and leaves all else.
    ///
    /// - Parameters:
    ///   - policy: one that takes thresholds.
    ///   - exits: what holds them.
    public mutating func takeThresholds(of policy: ExitPolicy, from exits: ExitsConfiguration) {
        guard let key = policy.thresholds?.key else { return }
        take(["policies", policy.rawValue, key.rawValue], from: exits)
    }

    /// Takes the heads of alignments from a configuration and leaves all else.
    ///
    /// - Parameter exits: what holds them; where it has none the member goes.
    public mutating func takeAlignmentHeads(from exits: ExitsConfiguration) {
        take(["alignment"], from: exits)
    }

    /// Takes what `speculative` drafts with from a configuration and leaves all else.
    ///
    /// - Parameter exits: what holds it; where it has the usual the member goes.
    public mutating func takeDrafting(from exits: ExitsConfiguration) {
        take(["policies", ExitPolicy.speculative.rawValue], from: exits)
    }

    /// Takes the certificates from a configuration and leaves all else.
    ///
    /// - Parameter exits: what holds them; where it has none the member goes.
    public mutating func takeCertificates(from exits: ExitsConfiguration) {
        take(["certificates"], from: exits)
    }

    private mutating func take(_ path: [String], from exits: ExitsConfiguration) {
        object = object.setting(path[...], to: exits.json.value(path[...]))
    }

    /// Replaces the file, whole or not at all.
    ///
    /// - Throws: `fileUnwritable`.
    public func write() throws(CheckpointError) {
        let text = JSON.serialize(.object(object), style: .pretty) + Array("\n".utf8)
        try CheckpointError.converting { () throws(FileError) in
            try AtomicFile.write(text, to: path)
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
