/// A trie over byte strings in one flat array, for finding every key that starts at a position.
///
/// A double array (Aoe 1989) with exclusive or in place of addition: the child of node n by byte b
/// lies at `base(n) ^ b`, and is a child of n only if its `parent` says so. One step is one load
/// whatever the number of children.
@usableFromInline package struct ByteTrie: Sendable {
    /// The node before the first byte.
    package static let root: Int32 = 0
    /// No such node, or no value.
    @usableFromInline package static let none: Int32 = -1

    @usableFromInline package struct Unit: Sendable {
        @usableFromInline package var base: Int32 = 0
        @usableFromInline package var parent: Int32 = ByteTrie.none
        @usableFromInline package var value: Int32 = ByteTrie.none
    }

    /// A multiple of 256 units; bases are below the count, so that `base ^ byte` always is too.
    package let units: [Unit]

    /// The value stored for `key`, or nil where the trie lacks it.
    package func value(of key: some Sequence<UInt8>) -> Int? {
        var node = Self.root
        let units = units.span
        for byte in key {
            node = units.child(of: node, by: byte)
            if node == Self.none { return nil }
        }
        let value = units[Int(node)].value
        return value == Self.none ? nil : Int(value)
    }

    /// The length of the longest key at `offset` of `text`, or nil where there is none.
    ///
    /// For a trie of user-defined symbols. As in the reference implementation only the first 64
    /// that match count.
    package func longestSymbol(in text: Span<UInt8>, at offset: Int) -> Int? {
        let units = units.span
        var (node, matches, longest) = (Self.root, 0, Int?.none)
        for position in offset..<text.count {
            node = units.child(of: node, by: text[position])
            guard node != Self.none, matches < 64 else { break }
            if units[Int(node)].value != Self.none {
                longest = position + 1 - offset
                matches += 1
            }
        }
        return longest
    }

    /// The node reached from `node` by the bytes of `range`, or `none`.
    @inline(__always)
    package func node(from node: Int32, in text: Span<UInt8>, _ range: Range<Int>) -> Int32 {
        let units = units.span
        var node = node
        for index in range where node != Self.none {
            node = units.child(of: node, by: text[index])
        }
        return node
    }
}

extension Span where Element == ByteTrie.Unit {
    /// The node reached from `node` by `byte`, or `ByteTrie.none`.
    @inlinable @inline(__always)
    package func child(of node: Int32, by byte: UInt8) -> Int32 {
        let next = self[Int(node)].base ^ Int32(byte)
        return self[Int(next)].parent == node ? next : ByteTrie.none
    }
}
