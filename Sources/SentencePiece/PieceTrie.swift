/// A trie over bytes whose edges lie in one open-addressed hash table.
///
/// A step costs one multiplication and, nearly always, one probe. Memory is about 24 bytes for
/// each byte of the inserted keys, so a model cannot ask for more than its own size pays for.
struct PieceTrie {
    static let root: Int32 = 0
    private var keys: [UInt64]
    private var targets: [Int32]
    private var mask: Int
    private var values: [Int32] = [-1]

    /// Makes room for keys of `byteCount` bytes together, an upper bound on the edges.
    init(byteCount: Int) {
        var capacity = 16
        while capacity < byteCount * 2 { capacity *= 2 }
        keys = Array(repeating: 0, count: capacity)
        targets = Array(repeating: 0, count: capacity)
        mask = capacity - 1
    }

    /// Stores `value` under `key`, and returns the value that was there before, if any.
    mutating func insert(_ key: ArraySlice<UInt8>, value: Int32) -> Int32? {
        var node = Self.root
        for byte in key {
            let slot = slot(node, byte)
            if keys[slot] == 0 {
                keys[slot] = Self.edge(node, byte)
                targets[slot] = Int32(values.count)
                values.append(-1)
            }
            node = targets[slot]
        }
        let old = values[Int(node)]
        values[Int(node)] = value
        return old < 0 ? nil : old
    }

    /// The node behind the edge `byte` of `node`, or -1.
    func step(_ node: Int32, _ byte: UInt8) -> Int32 {
        let slot = slot(node, byte)
        return keys[slot] == 0 ? -1 : targets[slot]
    }

    /// The node reached from `node` over `bytes[range]`, or -1.
    func walk(_ node: Int32, _ bytes: [UInt8], _ range: Range<Int>) -> Int32 {
        var node = node
        for index in range where node >= 0 { node = step(node, bytes[index]) }
        return node
    }

    /// The value at `node`, or -1 where no key ends; -1 is accepted and has no value.
    func value(at node: Int32) -> Int32 {
        node < 0 ? -1 : values[Int(node)]
    }

    /// The length of the longest key that starts at `offset`, 0 where none does.
    func longestMatch(_ bytes: [UInt8], at offset: Int) -> Int {
        var node = Self.root
        var longest = 0
        for index in offset..<bytes.count {
            node = step(node, bytes[index])
            if node < 0 { break }
            if values[Int(node)] >= 0 { longest = index + 1 - offset }
        }
        return longest
    }

    private static func edge(_ node: Int32, _ byte: UInt8) -> UInt64 {
        (UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)) + 1
    }

    private func slot(_ node: Int32, _ byte: UInt8) -> Int {
        let key = Self.edge(node, byte)
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 24) & mask
        while keys[slot] != 0 && keys[slot] != key { slot = (slot + 1) & mask }
        return slot
    }
}
