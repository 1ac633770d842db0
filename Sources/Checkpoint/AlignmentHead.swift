/// A head of a decoder layer's cross-attention that alignments are read off (docs/alignments.md).
public struct AlignmentHead: Sendable, Hashable {
    /// The layer, 1 … N.
    public let layer: Int
    /// The head within it, from 1 on.
    public let head: Int

    /// Names a head.
    public init(layer: Int, head: Int) {
        self.layer = layer
        self.head = head
    }
}
