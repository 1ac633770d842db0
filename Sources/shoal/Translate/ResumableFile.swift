import Configuration
import Glibc
import System

/// An output file that a run which was broken off, by whatever, goes on with: FILE.part until all is done, and
/// FILE.part.run, which says whose it is and how far that has come.
///
/// At most once a second the part is flushed to the disk and the journal notes it, so what is lost is a second's
/// work. Behind the last note the part is cut off: no line is there twice, and none by half.
final class ResumableFile {
    /// The file in the end.
    let path: String
    /// Where an earlier run was broken off; the beginning where there was none.
    let start: RunProgress
    private var part: PartialFile
    private let run: RunDescription
    private var progress: RunProgress
    private var noted: RunProgress
    private var notedAt = -Double.infinity
    private var noteCount = 0

    private static let interval = 1.0
    /// The journal is begun anew after so many notes, so that it stays small.
    private static let maximumNotes = 4096
    private static let journalLimit = 64 << 20

    /// Opens what an earlier run has left, or begins.
    ///
    /// - Throws: `Failure` where nothing can be written, and where the part is of another run.
    init(_ path: String, _ run: RunDescription) throws {
        self.path = path
        self.run = run
        part = try Failure.unwritable { () throws(FileError) in try PartialFile(path) }
        let start = try Self.start(of: run, part)
        self.start = start
        (noted, progress) = (start, start)
        try Failure.unwritable { () throws(FileError) in try part.truncate(to: start.byteCount) }
        try beginJournal()
    }

    /// Where what an earlier run has left ends; the beginning where there is nothing.
    private static func start(
        of run: RunDescription, _ part: borrowing PartialFile
    ) throws -> RunProgress {
        let journal = Self.journal(part)
        guard !part.isNew, part.byteCount > 0 || !RegularFile.isAbsent(journal) else {
            return RunProgress()
        }
        let way = "give what was given then, or delete \(part.path) to begin anew"
        let bytes = try Failure.unwritable { () throws(FileError) in
            try RegularFile.bytes(journal, limit: journalLimit)
        }
        guard let earlier = RunJournal(bytes) else {
            throw Failure("\(journal) is not the journal of a run; \(way)", code: EX_CANTCREAT)
        }
        let progress = earlier.progress
        var names = run.differences(from: earlier.description)
        if progress.faults > 0, run.response != earlier.description.response {
            names.append("on_error")
        }
        guard names.isEmpty else {
            throw Failure(
                "\(part.path) is of another run, with another \(names.joined(separator: ", ")); \(way)",
                code: EX_CANTCREAT)
        }
        let end = progress.byteCount
        guard end == 0 || part.byte(at: end - 1) == UInt8(ascii: "\n") else {
            throw Failure(
                "\(part.path) was changed: it has no line that ends at byte \(end), as \(journal) says; \(way)",
                code: EX_CANTCREAT)
        }
        return progress
    }

    /// Appends the lines of some texts.
    ///
    /// - Parameters:
    ///   - lines: whole ones.
    ///   - progress: what is done with them; the bytes are counted here.
    /// - Throws: `Failure`.
    func append(_ lines: String, _ progress: RunProgress) throws {
        let bytes = Array(lines.utf8)
        try Failure.unwritable { () throws(FileError) in try part.append(bytes) }
        self.progress = progress
        self.progress.byteCount = part.byteCount
        if monotonicSeconds() - notedAt >= Self.interval { try note() }
    }

    /// Makes sure that all of it is found again.
    ///
    /// - Throws: `Failure`.
    func note() throws {
        guard progress != noted else { return }
        try Failure.unwritable { () throws(FileError) in
            try part.flush()
            try FileWriting.append(RunJournal.line(progress), to: Self.journal(part))
        }
        (noted, notedAt) = (progress, monotonicSeconds())
        noteCount += 1
        if noteCount == Self.maximumNotes { try beginJournal() }
    }

    /// Puts the file in its place and takes the journal away.
    ///
    /// - Throws: `Failure`.
    func commit() throws {
        try Failure.unwritable { () throws(FileError) in try part.commit() }
        RegularFile.delete(Self.journal(part))
    }

    private func beginJournal() throws {
        let bytes = RunJournal.header(run) + RunJournal.line(noted)
        try Failure.unwritable { () throws(FileError) in
            try AtomicFile.write(bytes, to: Self.journal(part))
        }
        noteCount = 0
    }

    private static func journal(_ part: borrowing PartialFile) -> String { part.path + ".run" }
}
