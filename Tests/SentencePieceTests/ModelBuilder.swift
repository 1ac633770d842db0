/// Writes model files piece by piece, for models that no trainer makes.
struct ModelBuilder {
    enum Kind: UInt8 {
        case normal = 1
        case unknown = 2
        case control = 3
        case userDefined = 4
        case unused = 5
        case byte = 6
    }

    private(set) var bytes: [UInt8] = []

    /// Field 2, with `model_type` and further fields of `TrainerSpec`.
    init(type: UInt8, trainerFields: [UInt8] = []) {
        append(field: 2, [0x18, type] + trainerFields)
    }

    /// Field 1.
    func piece(_ text: String, _ score: Float = 0, _ kind: Kind = .normal) -> Self {
        piece(bytes: Array(text.utf8), score, kind)
    }

    func piece(bytes text: [UInt8], _ score: Float = 0, _ kind: Kind = .normal) -> Self {
        var message: [UInt8] = [0x0A] + Self.varint(text.count) + text + [0x15]
        let bits = score.bitPattern
        message += (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        message += [0x18, kind.rawValue]
        var copy = self
        copy.append(field: 1, message)
        return copy
    }

    /// Field 3, the normaliser, or 5, the denormaliser.
    func spec(_ field: UInt8, _ message: [UInt8]) -> Self {
        var copy = self
        copy.append(field: field, message)
        return copy
    }

    /// A `precompiled_charsmap` field of a normaliser.
    static func characterMap(_ blob: [UInt8]) -> [UInt8] {
        [0x12] + varint(blob.count) + blob
    }

    private mutating func append(field: UInt8, _ message: [UInt8]) {
        bytes += [field << 3 | 2] + Self.varint(message.count) + message
    }

    private static func varint(_ value: Int) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F | 0x80)] + varint(value >> 7)
    }
}
