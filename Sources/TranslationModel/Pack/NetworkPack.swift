import Digest
import System
public import Tensor

/// The packed weights of a network in a file, as kernels read them: mapped, so that nothing is copied and processes share the memory.
///
/// The file (docs/operations.md, "Packed weights on disk"): a fixed head, a table in JSON, then the parts, each at a cache line and the
/// large ones at a page. Nothing of it is believed before it was checked: that it is a pack of this layout, kind and network, that
/// every part lies inside, and that the bytes of the table and of each part have their checksums.
public final class NetworkPack: Sendable {
    /// Why a file is not used.
    public struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
        /// What is wrong, for people.
        public let description: String

        init(_ description: String) { self.description = description }
    }

    /// Where a part lies in the file.
    private struct Section: Hashable {
        let owner: String
        let part: PackedParts.Name
    }

    private let file: MappedFile
    private let sections: [Section: Range<Int>]

    /// Maps a file and checks all of it, which takes a reading at the speed of memory.
    ///
    /// - Parameters:
    ///   - path: of the file.
    ///   - kind: `kind(_:_:)` of the network that is wanted.
    ///   - network: `Checkpoint.Checksums.network` of its checkpoint.
    ///   - owners: users to whom the file may belong beside root and this process's.
    /// - Throws: what is wrong with it.
    public init(
        _ path: String, kind: String, network: String, owners: Set<UInt32>
    ) throws(Fault) {
        file = try Self.map(path, owners)
        let head = try PackHead(file.bytes)
        try head.require(kind: kind, network: network)
        var sections: [Section: Range<Int>] = [:]
        for entry in head.entries {
            let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.range])
            guard XXH64.checksum(bytes) == entry.checksum else {
                throw Fault("\(entry.owner), \(entry.part.rawValue): damaged")
            }
            sections[Section(owner: entry.owner, part: entry.part)] = entry.range
        }
        self.sections = sections
    }

    /// Bytes of the file.
    public var byteCount: Int { file.bytes.count }

    /// Whether a file says that it is a pack of a kind and a network; its parts are not looked at.
    ///
    /// - Parameters: as in `init`.
    public static func isPresent(
        _ path: String, kind: String, network: String, owners: Set<UInt32>
    ) -> Bool {
        do throws(Fault) {
            let file = try map(path, owners, isRead: false)
            let head = try file.withBytes { bytes throws(Fault) in try PackHead(bytes) }
            try head.require(kind: kind, network: network)
            return true
        } catch {
            return false
        }
    }

    /// What tells packs of a checkpoint apart: those that may be used for one another are of the same kind.
    ///
    /// - Parameters:
    ///   - precision: of the network's products.
    ///   - instructionSet: the variant of the kernels.
    /// - Returns: letters, digits and dashes, part of a file's name.
    public static func kind(
        _ precision: Precision, _ instructionSet: InstructionSet = .best
    ) -> String { PackedParts.kind(precision, instructionSet) }

    private static func map(
        _ path: String, _ owners: Set<UInt32>, isRead: Bool = true
    ) throws(Fault) -> MappedFile {
        do throws(FileError) {
            return try MappedFile(path, owners: owners, isRead: isRead)
        } catch {
            throw Fault("found \(error.found); expected \(error.expected)")
        }
    }

    /// The projection of a name; nil where the pack has none of this shape.
    func projection(_ name: String, _ shape: Projection.Shape) -> Projection? {
        Projection(shape) { part, byteCount in
            guard let range = sections[Section(owner: name, part: part)], range.count == byteCount
            else { return nil }
            return SharedBytes(UnsafeRawBufferPointer(rebasing: file.bytes[range]), of: file)
        }
    }
}
