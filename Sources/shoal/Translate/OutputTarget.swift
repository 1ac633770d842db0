/// Where the lines of a command go.
enum OutputTarget {
    case standardOutput
    /// A file that is replaced at the end, or left as it was.
    case replaced(ReplacedFile)
    /// A file that a later run may go on with.
    case resumable(ResumableFile)

    /// Where an earlier run was broken off.
    var start: RunProgress {
        if case .resumable(let file) = self { file.start } else { RunProgress() }
    }

    /// What has become of the file where the command ends before its end, for a message.
    var fate: String {
        switch self {
        case .standardOutput: ""
        case .replaced(let file): "; \(file.path) is as it was"
        case .resumable(let file):
            "; \(file.path) is as it was, what is done is kept for --resume"
        }
    }

    /// Appends whole lines.
    ///
    /// - Throws: `Failure`.
    func append(_ lines: String, _ progress: RunProgress) throws {
        switch self {
        case .standardOutput: writeOutput(lines)
        case .replaced(let file): try file.append(lines)
        case .resumable(let file): try file.append(lines, progress)
        }
    }

    /// Keeps what is done, where a command ends before its end.
    ///
    /// - Throws: `Failure`.
    func keep() throws {
        if case .resumable(let file) = self { try file.note() }
    }

    /// Puts a file in its place.
    ///
    /// - Throws: `Failure`.
    func commit() throws {
        switch self {
        case .standardOutput: break
        case .replaced(let file): try file.commit()
        case .resumable(let file): try file.commit()
        }
    }
}
