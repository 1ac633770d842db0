import Checkpoint
import JSON
import TestSupport

/// Writes a checkpoint into a directory of its own and loads it.
func load(
    _ writer: CheckpointWriter = CheckpointWriter(), leavingOut omitted: Set<String> = []
) throws -> Checkpoint {
    let directory = try TemporaryDirectory()
    try writer.write(to: directory, leavingOut: omitted)
    // The mapping outlives the names of the files.
    return try Checkpoint(directory: directory.path)
}

/// The fault that loading ends with, or nil where it succeeds.
func fault(
    _ writer: CheckpointWriter, leavingOut omitted: Set<String> = []
) throws -> CheckpointError? {
    do {
        _ = try load(writer, leavingOut: omitted)
        return nil
    } catch let error as CheckpointError {
        return error
    }
}

/// The fault of a checkpoint that is right but for one change.
func fault(
    _ options: CheckpointWriter.Options = .init(), _ change: (inout CheckpointWriter) -> Void
) throws -> CheckpointError? {
    var writer = CheckpointWriter(options)
    change(&writer)
    return try fault(writer)
}

/// The fault that opening a directory ends with, or nil where it succeeds.
func fault(of directory: TemporaryDirectory) -> CheckpointError? {
    do {
        _ = try Checkpoint(directory: directory.path)
        return nil
    } catch {
        return error
    }
}

extension JSONObject {
    /// The same members with one replaced, appended or, for nil, removed.
    func setting(_ name: String, _ value: JSONValue?) -> JSONObject {
        var members = members
        let index = members.firstIndex { $0.name == name }
        switch (index, value) {
        case (let index?, let value?): members[index] = .init(name, value)
        case (let index?, nil): members.remove(at: index)
        case (nil, let value?): members.append(.init(name, value))
        case (nil, nil): break
        }
        return JSONObject(members)
    }
}
