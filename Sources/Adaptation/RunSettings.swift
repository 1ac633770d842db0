import Checkpoint
import System

/// What a run is bound to: text, model and seed, in a file of its directory.
struct RunSettings {
    private static let file = "settings.txt"
    private static let limit = 1 << 20
    let directory: String

    private var path: String { "\(directory)/\(Self.file)" }

    /// Whether a run can begin in the directory, or go on.
    func check(resuming: Bool) throws(CheckpointError) {
        let exists = !RegularFile.isAbsent(path)
        guard exists != resuming else { return }
        throw CheckpointError(
            resuming ? .fileMissing : .outOfRange, file: directory,
            found: resuming ? "no run" : "a run that was begun before",
            expected: resuming
                ? "a run to go on with; leave out --resume to begin one"
                : "--resume, or another directory")
    }

    /// Makes the directory and notes what the run is bound to.
    func write(_ settings: String) throws(CheckpointError) {
        try CheckpointError.converting { () throws(FileError) in
            try FolderMaking.make(directory)
            try AtomicFile.write(Array(settings.utf8), to: path)
        }
    }

    /// Names the first setting that differs.
    func compare(_ settings: String) throws(CheckpointError) {
        let bytes = try CheckpointError.converting { () throws(FileError) in
            try RegularFile.bytes(path, limit: Self.limit)
        }
        let old = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let new = settings.split(separator: "\n")
        for index in 0..<max(old.count, new.count) {
            let before = index < old.count ? String(old[index]) : "nothing"
            let now = index < new.count ? String(new[index]) : "nothing"
            guard before != now else { continue }
            throw CheckpointError(
                .outOfRange, file: path, found: "\(now) now",
                expected: "\(before), as the run began")
        }
    }
}
