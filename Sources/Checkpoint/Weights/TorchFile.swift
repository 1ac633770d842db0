import JSON
import System

extension Weights {
    /// Opens a file that PyTorch has saved, in its format since 1.6 (a zip archive) or the one before.
    ///
    /// - Parameters:
    ///   - file: the file's name.
    ///   - directory: the directory that it is in.
    /// - Throws: `fileMissing`, `fileUnreadable`, `fileChanged`; `malformedArchive` where the file does not add up;
    ///   `unsupportedFormat` for a pickle that asks for anything but tensors, and for tensors that are not row by row.
    public init(torch file: String, in directory: String) throws(CheckpointError) {
        let opened = try OpenFile(file, in: directory)
        let head = try opened.bytes(0..<min(opened.byteCount, LegacyTorchFile.magic.count))
        let content =
            head == LegacyTorchFile.magic
            ? try LegacyTorchFile.read(opened) : try TorchArchive.read(opened)
        var entries: [Entry] = []
        var names: Set<ExactString> = []
        for (name, tensor) in content.tensors {
            guard names.insert(ExactString(name)).inserted else {
                throw CheckpointError(
                    .malformedArchive, file: file, subject: name,
                    found: "a name that is there twice",
                    expected: "a name for each tensor")
            }
            entries.append(try content.entry(name, tensor, file: file))
        }
        self.init(file: file, entries: entries, parts: [opened])
    }
}

/// What a file of PyTorch says.
private struct TorchContent {
    typealias Named = (name: String, tensor: TensorPickle.Tensor)

    /// In the order of the dictionary.
    let tensors: [Named]
    /// The bytes of each storage.
    let storages: [ExactString: Range<Int>]

    /// Takes the tensors of a dictionary; what else is in it is left out.
    static func tensors(_ root: TensorPickle.Value, file: String) throws(CheckpointError) -> [Named]
    {
        guard case .dictionary(let dictionary) = root else {
            throw CheckpointError(
                .unsupportedFormat, file: file, found: "no dictionary of tensors",
                expected: "a state_dict, as torch.save writes it")
        }
        var tensors: [Named] = []
        for (key, value) in zip(dictionary.keys, dictionary.values) {
            if case .text(let name) = key, case .tensor(let tensor) = value {
                tensors.append((name, tensor))
            }
        }
        guard !tensors.isEmpty else {
            throw CheckpointError(
                .unsupportedFormat, file: file, found: "a dictionary without tensors",
                expected: "a state_dict, as torch.save writes it")
        }
        return tensors
    }

    func entry(
        _ name: String, _ tensor: TensorPickle.Tensor, file: String
    ) throws(CheckpointError) -> Weights.Entry {
        let size = tensor.storage.elementType.byteCount
        guard let bytes = storages[ExactString(tensor.storage.key)],
            bytes.count / size >= tensor.storage.count
        else {
            throw CheckpointError(
                .malformedArchive, file: file, subject: name, found: "no values, or too few",
                expected:
                    "\(tensor.storage.count) elements of \(tensor.storage.elementType.rawValue)")
        }
        guard let byteCount = tensor.storage.elementType.byteCount(ofShape: tensor.shape),
            Self.isRowByRow(tensor)
        else {
            throw CheckpointError(
                .unsupportedFormat, file: file, subject: name,
                found: "shape \(tensor.shape) with strides \(tensor.strides)",
                expected: "values row by row (torch's contiguous())")
        }
        let count = byteCount / size
        guard tensor.offset <= tensor.storage.count, count <= tensor.storage.count - tensor.offset
        else {
            throw CheckpointError(
                .malformedArchive, file: file, subject: name,
                found: "\(count) elements from \(tensor.offset) on",
                expected: "no more than \(tensor.storage.count)")
        }
        let start = bytes.lowerBound + tensor.offset * size
        return Weights.Entry(
            name: name, elementType: tensor.storage.elementType, shape: tensor.shape,
            bytes: start..<start + byteCount)
    }

    private static func isRowByRow(_ tensor: TensorPickle.Tensor) -> Bool {
        guard !tensor.shape.contains(0) else { return true }
        var expected = 1
        for (dimension, stride) in zip(tensor.shape, tensor.strides).reversed() {
            guard dimension == 1 || stride == expected else { return false }
            expected *= dimension
        }
        return true
    }
}

/// PyTorch's format since 1.6: a zip archive with a pickle, and a member for each storage.
private enum TorchArchive {
    static func read(_ opened: OpenFile) throws(CheckpointError) -> TorchContent {
        let archive = try StoredArchive(opened)
        guard let name = archive.names.first(where: { $0.hasSuffix("/data.pkl") }),
            let range = archive.members[ExactString(name)]
        else {
            throw CheckpointError(
                .unsupportedFormat, file: opened.name, found: "an archive without data.pkl",
                expected: "a file that torch.save has written")
        }
        guard range.count <= TensorPickle.byteLimit else {
            throw CheckpointError(
                .fileTooLarge, file: opened.name, subject: name, found: "\(range.count) bytes",
                expected: "at most \(TensorPickle.byteLimit)")
        }
        let folder = name.dropLast("data.pkl".count)
        if let order = archive.members[ExactString(folder + "byteorder")] {
            guard order.count == 6, try opened.bytes(order) == Array("little".utf8) else {
                throw CheckpointError(
                    .unsupportedFormat, file: opened.name, found: "big-endian numbers",
                    expected: "little-endian numbers")
            }
        }
        var pickle = TensorPickle(try opened.bytes(range), file: opened.name)
        let tensors = try pickle.read { (root) throws(CheckpointError) in
            try TorchContent.tensors(root, file: opened.name)
        }
        var storages: [ExactString: Range<Int>] = [:]
        for storage in pickle.storages {
            let member = ExactString(folder + "data/" + storage.key)
            storages[ExactString(storage.key)] = archive.members[member]
        }
        return TorchContent(tensors: tensors, storages: storages)
    }
}

/// PyTorch's format before 1.6: five pickles one behind the other, then the storages.
private enum LegacyTorchFile {
    /// The first pickle: a number.
    static let magic: [UInt8] = [
        0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]

    static func read(_ opened: OpenFile) throws(CheckpointError) -> TorchContent {
        let head = try opened.bytes(0..<min(opened.byteCount, TensorPickle.byteLimit))
        var pickle = TensorPickle(head, at: magic.count, file: opened.name)
        try pickle.read { (version) throws(CheckpointError) in
            guard case .integer(1001) = version else { throw malformed(opened, "another version") }
        }
        try pickle.read { (system) throws(CheckpointError) in
            guard isLittleEndian(system) else { throw malformed(opened, "big-endian numbers") }
        }
        let tensors = try pickle.read { (root) throws(CheckpointError) in
            try TorchContent.tensors(root, file: opened.name)
        }
        let keys = try pickle.read { (keys) throws(CheckpointError) in
            guard let keys = texts(keys) else { throw malformed(opened, "no list of storages") }
            return keys
        }
        return TorchContent(
            tensors: tensors,
            storages: try storages(keys, pickle.storages, at: pickle.place, opened))
    }

    /// Each storage has its number of elements before it.
    private static func storages(
        _ keys: [String], _ known: [TensorPickle.Storage], at start: Int, _ opened: OpenFile
    ) throws(CheckpointError) -> [ExactString: Range<Int>] {
        var sizes: [ExactString: Int] = [:]
        for storage in known {
            sizes[ExactString(storage.key)] = storage.elementType.byteCount
        }
        var storages: [ExactString: Range<Int>] = [:]
        var place = start
        for key in keys {
            guard let size = sizes[ExactString(key)], place <= opened.byteCount - 8,
                let count = LittleEndianBytes(try opened.bytes(place..<place + 8))
                    .integer(at: 0, 8), count <= (opened.byteCount - place - 8) / size
            else { throw malformed(opened, "a storage that is not known or ends behind the file") }
            place += 8
            storages[ExactString(key)] = place..<place + count * size
            place += count * size
        }
        return storages
    }

    private static func isLittleEndian(_ system: TensorPickle.Value) -> Bool {
        guard case .dictionary(let facts) = system else { return false }
        return zip(facts.keys, facts.values).contains { key, value in
            if case .text("little_endian") = key, case .bool(true) = value { true } else { false }
        }
    }

    private static func texts(_ value: TensorPickle.Value) -> [String]? {
        guard case .list(let list) = value else { return nil }
        var texts: [String] = []
        for value in list.values {
            guard case .text(let text) = value else { return nil }
            texts.append(text)
        }
        return texts
    }

    private static func malformed(_ opened: OpenFile, _ found: String) -> CheckpointError {
        CheckpointError(
            .malformedArchive, file: opened.name, found: found,
            expected: "a file as torch.save wrote it before PyTorch 1.6")
    }
}
