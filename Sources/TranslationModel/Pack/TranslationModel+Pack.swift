public import System
import Tensor

/// Where the projections of a network come from while it is made: from a pack, or from weights, which are packed.
final class ProjectionSource {
    private let pack: NetworkPack?
    private var all: [(owner: String, projection: Projection)] = []
    private var isMapped = true
    /// Bytes of those that the pack had.
    private(set) var mappedBytes = 0

    init(_ pack: NetworkPack?) { self.pack = pack }

    /// The projection of a name; `make` is asked where no pack has it.
    func projection<Failure: Error>(
        _ name: String, _ shape: Projection.Shape, _ make: () throws(Failure) -> Projection
    ) throws(Failure) -> Projection {
        if let mapped = pack?.projection(name, shape) {
            mappedBytes += mapped.byteCount
            all.append((name, mapped))
            return mapped
        }
        let projection = try make()
        isMapped = false
        all.append((name, projection))
        return projection
    }

    /// What a pack is to be made of, with the names there; nothing where all was in one.
    var unpacked: [(owner: String, projection: Projection)] { isMapped ? [] : all }
}

extension TranslationModel {
    /// Whether all large weights are mapped from a pack.
    public var isMapped: Bool { packed.isEmpty }

    /// What packs of this network are called (`NetworkPack.kind(_:_:)`).
    public var packKind: String { NetworkPack.kind(precision, instructionSet) }

    /// Writes a pack of this network, which has to be one that was not mapped.
    ///
    /// The file is replaced as a whole once the new one is on the disk; two processes at a time get in no other's way. What is written goes
    /// to the disk in pieces, so that nobody else waits for all of it.
    ///
    /// - Parameters:
    ///   - path: of the file; its folder is there.
    ///   - network: `Checkpoint.Checksums.network` of the checkpoint that it was made of.
    ///   - shouldStop: asked between pieces; nothing is left of the file where it says so.
    /// - Returns: bytes of the file; nil where it was to stop.
    /// - Throws: `unwritable`, also where another process writes it now.
    public func writePack(
        to path: String, network: String, shouldStop: () -> Bool = { false }
    ) throws(FileError) -> Int? {
        precondition(!isMapped, "a pack is made of weights that were packed here")
        var file = try PartialFile(path, permissions: 0o644)
        let count: Int?
        do throws(FileError) {
            count = try write(to: &file, network: network, shouldStop: shouldStop)
        } catch {
            file.discard()
            throw error
        }
        if count == nil { file.discard() } else { try file.commit() }
        return count
    }

    /// Bytes that are written between two looks whether to stop.
    private static let piece = 4 << 20
    /// Bytes after which is waited until they are on the disk.
    private static let flushed = 32 << 20

    private func write(
        to file: inout PartialFile, network: String, shouldStop: () -> Bool
    ) throws(FileError) -> Int? {
        let plan = PackHead.plan(packed, kind: packKind, network: network)
        try file.truncate(to: 0)
        try file.append(plan.head)
        var unflushed = 0
        for (part, start) in plan.places {
            try file.append([UInt8](repeating: 0, count: start - file.byteCount))
            for first in stride(from: 0, to: part.bytes.count, by: Self.piece) {
                guard !shouldStop() else { return nil }
                let piece = part.bytes[first..<min(first + Self.piece, part.bytes.count)]
                try file.append(UnsafeRawBufferPointer(rebasing: piece))
                unflushed += piece.count
                if unflushed >= Self.flushed {
                    try file.flush()
                    unflushed = 0
                }
            }
        }
        try file.append([UInt8](repeating: 0, count: plan.fileCount - file.byteCount))
        return plan.fileCount
    }
}
