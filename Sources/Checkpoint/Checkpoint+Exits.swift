import JSON
import System

extension Checkpoint {
    /// Makes sure that `writeExits` can write another directory with the same files.
    ///
    /// - Throws: `unsupportedFormat` for a package, whose files are not all in one directory.
    public func requireOwnDirectory() throws(CheckpointError) {
        let isOne = (try? FolderListing.fileNames(directory)) != nil
        guard !isOne || files.contains(where: { $0.name.contains("/") }) else { return }
        throw CheckpointError(
            .unsupportedFormat, file: directory, found: "a package",
            expected: "a directory of files: write one with shoal import")
    }

    /// Writes a directory with the same network and other exits: exits.json and exits.safetensors are new, every other file is the same,
    /// large ones linked where that can be.
    ///
    /// Nobody ever sees a part of it.
    ///
    /// - Parameters:
    ///   - exits: of exits.json.
    ///   - heads: of exits.safetensors.
    ///   - output: made, or replaced as a whole; files in it that this one does not have stay.
    /// - Throws: as `requireOwnDirectory`; `fileUnwritable`; what reading a file throws.
    public func writeExits(
        _ exits: ExitsConfiguration, _ heads: [SafetensorsWriter.Tensor], to output: String
    ) throws(CheckpointError) {
        try requireOwnDirectory()
        let own: Set = [Self.exitsFile, Self.exitHeadsFile]
        let names = try CheckpointError.converting { () throws(FileError) in
            try FolderListing.fileNames(directory)
        }.filter { !own.contains($0) }
        var target = try CheckpointError.converting { () throws(FileError) in
            try AtomicDirectory(replacing: output, files: Self.fileNames.union(names))
        }
        for name in names {
            try CheckpointError.converting { () throws(FileError) in
                try FileLinking.linkOrCopy("\(directory)/\(name)", to: "\(target.path)/\(name)")
            }
        }
        let text = JSON.serialize(.object(exits.json), style: .pretty) + Array("\n".utf8)
        try CheckpointError.converting { () throws(FileError) in
            try AtomicFile.write(text, to: "\(target.path)/\(Self.exitsFile)")
        }
        try SafetensorsWriter.write(heads, to: Self.exitHeadsFile, in: target.path)
        try CheckpointError.converting { () throws(FileError) in try target.commit() }
    }
}
