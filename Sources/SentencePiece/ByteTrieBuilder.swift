/// Collects keys in a linked trie and packs it into a `ByteTrie`.
///
/// Memory and time are linear in the bytes of the keys: a key of n bytes costs at most 256 n steps,
/// and packing looks for room in the last `openBlocks` blocks only.
package struct ByteTrieBuilder {
    private struct Node {
        var label: UInt8
        var firstChild = ByteTrie.none
        var nextSibling = ByteTrie.none
        var value = ByteTrie.none
    }

    private var nodes = [Node(label: 0)]

    /// No keys yet.
    package init() {}

    /// Stores `value` for `key`, unless the key is there already: then its value is returned.
    package mutating func insert(_ key: some Sequence<UInt8>, value: Int) -> Int? {
        var node = 0
        for byte in key { node = child(of: node, by: byte) }
        guard nodes[node].value == ByteTrie.none else { return Int(nodes[node].value) }
        nodes[node].value = Int32(truncatingIfNeeded: value)
        return nil
    }

    /// The value stored for `key`, or nil where there is none.
    package func value(of key: some Sequence<UInt8>) -> Int? {
        var node = 0
        for byte in key {
            guard let child = existingChild(of: node, by: byte) else { return nil }
            node = child
        }
        let value = nodes[node].value
        return value == ByteTrie.none ? nil : Int(value)
    }

    private func existingChild(of node: Int, by byte: UInt8) -> Int? {
        var child = nodes[node].firstChild
        while child != ByteTrie.none {
            if nodes[Int(child)].label == byte { return Int(child) }
            child = nodes[Int(child)].nextSibling
        }
        return nil
    }

    /// The child of `node` by `byte`, made where there is none.
    private mutating func child(of node: Int, by byte: UInt8) -> Int {
        if let child = existingChild(of: node, by: byte) { return child }
        let added = nodes.count
        nodes.append(Node(label: byte, nextSibling: nodes[node].firstChild))
        nodes[node].firstChild = Int32(truncatingIfNeeded: added)
        return added
    }

    /// The packed trie, placed breadth first.
    package func build() -> ByteTrie {
        var layout = DoubleArrayLayout()
        layout.units[0].value = nodes[0].value
        var placed: [(node: Int, slot: Int)] = [(0, 0)]
        var done = 0
        while done < placed.count {
            let (node, slot) = placed[done]
            done += 1
            let children = children(of: node)
            if children.isEmpty { continue }
            let base = layout.place(children.map { nodes[$0].label }, under: slot)
            for child in children {
                let childSlot = base ^ Int(nodes[child].label)
                layout.units[childSlot].value = nodes[child].value
                placed.append((child, childSlot))
            }
        }
        return ByteTrie(units: layout.units)
    }

    private func children(of node: Int) -> [Int] {
        var found: [Int] = []
        var child = nodes[node].firstChild
        while child != ByteTrie.none {
            found.append(Int(child))
            child = nodes[Int(child)].nextSibling
        }
        return found
    }
}

/// The double array while it is being filled, with its free slots in a doubly linked list.
private struct DoubleArrayLayout {
    private static let blockSize = 256
    /// Blocks before the last 16 take no further nodes, which bounds the search for room.
    private static let openBlocks = 16

    private(set) var isTaken: [Bool] = []
    var units: [ByteTrie.Unit] = []
    private var next: [Int] = []
    private var previous: [Int] = []
    private var firstFree = -1
    private var lastFree = -1

    init() {
        addBlock()
        take(0)
    }

    /// Takes a slot for each label under the node at `slot` and returns that node's base.
    mutating func place(_ labels: [UInt8], under slot: Int) -> Int {
        let base = freeBase(for: labels)
        units[slot].base = Int32(truncatingIfNeeded: base)
        for label in labels {
            let child = base ^ Int(label)
            take(child)
            units[child].parent = Int32(truncatingIfNeeded: slot)
        }
        return base
    }

    private mutating func freeBase(for labels: [UInt8]) -> Int {
        let first = Int(labels[0])
        var free = firstFree
        while free >= 0 {
            let base = free ^ first
            if labels.allSatisfy({ !isTaken[base ^ Int($0)] }) { return base }
            free = next[free]
        }
        addBlock()
        return units.count - Self.blockSize
    }

    private mutating func addBlock() {
        let start = units.count
        units.append(contentsOf: repeatElement(ByteTrie.Unit(), count: Self.blockSize))
        isTaken.append(contentsOf: repeatElement(false, count: Self.blockSize))
        for slot in start..<units.count {
            next.append(-1)
            previous.append(lastFree)
            if lastFree >= 0 { next[lastFree] = slot } else { firstFree = slot }
            lastFree = slot
        }
        let closed = start - Self.openBlocks * Self.blockSize
        guard closed >= 0 else { return }
        for slot in closed..<(closed + Self.blockSize) where !isTaken[slot] { take(slot) }
    }

    private mutating func take(_ slot: Int) {
        isTaken[slot] = true
        let (before, after) = (previous[slot], next[slot])
        if before >= 0 { next[before] = after } else { firstFree = after }
        if after >= 0 { previous[after] = before } else { lastFree = before }
    }
}
