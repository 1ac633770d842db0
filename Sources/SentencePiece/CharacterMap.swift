/// A precompiled character map: a Darts-clone double array and the replacements it points to.
///
/// The blob is a little-endian byte count of the array, the array of 32-bit units, and
/// zero-terminated replacements. Lookups check every index, so a hostile array finds nothing.
struct CharacterMap {
    static let replacementLimit = 1024
    /// A hostile array can match without end; this keeps normalisation linear.
    static let keyLimit = 1024
    private let units: [UInt32]
    private let replacements: [UInt8]

    init(_ blob: ArraySlice<UInt8>) throws(SentencePieceError) {
        let blob = Array(blob)
        guard blob.count > 4 else { throw .invalidCharacterMap(.trieSize(0)) }
        let size = Int(Self.unit(blob, 0))
        guard size >= 1024, size % 1024 == 0, size < blob.count - 4 else {
            throw .invalidCharacterMap(.trieSize(size))
        }
        units = (0..<(size / 4)).map { Self.unit(blob, 4 + $0 * 4) }
        replacements = Array(blob[(4 + size)...])
        guard replacements.last == 0 else { throw .invalidCharacterMap(.unterminated) }
        let longest = replacements.split(separator: 0).lazy.map(\.count).max() ?? 0
        guard longest <= Self.replacementLimit else {
            throw .invalidCharacterMap(.replacementTooLong(byteLimit: Self.replacementLimit))
        }
    }

    /// The longest rule that matches at `offset`: the bytes it consumes and its replacement.
    func match(_ text: [UInt8], at offset: Int) -> (length: Int, replacement: ArraySlice<UInt8>)? {
        var node = Self.offset(units[0])
        var found: (length: Int, start: Int)?
        for index in offset..<min(text.count, offset + Self.keyLimit) {
            node ^= Int(text[index])
            guard node < units.count else { break }
            let unit = units[node]
            // The label bits include the leaf flag, so a leaf never passes for a byte.
            guard unit & 0x8000_00FF == UInt32(text[index]) else { break }
            node ^= Self.offset(unit)
            guard node < units.count else { break }
            if unit & 0x100 != 0 {
                found = (index + 1 - offset, Int(units[node] & 0x7FFF_FFFF))
            }
        }
        guard let found, found.start < replacements.count else { return nil }
        let tail = replacements[found.start...]
        return (found.length, tail.prefix { $0 != 0 })
    }

    private static func offset(_ unit: UInt32) -> Int {
        Int((unit >> 10) << ((unit & 0x200) >> 6))
    }

    private static func unit(_ bytes: [UInt8], _ index: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << UInt32($1 * 8) }
    }
}
