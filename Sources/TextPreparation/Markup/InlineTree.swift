/// The tags of an input as a tree.
///
/// End tags without a start and start tags without an end belong to elements that go beyond the input. They part its
/// uppermost level into regions, which keep their order.
struct InlineTree {
    /// A region, an element or a point.
    struct Node {
        let parent: Int
        /// The index of its tag; −1 for a region.
        let start: Int
        /// The index of its end tag; −1 for a region or a point.
        var end = -1
        /// Its content in the input's text, in UTF-8 offsets.
        var range: Range<Int>
        let depth: Int
        var children: [Int] = []
    }

    private(set) var nodes: [Node] = []
    /// The nodes of the regions, in order.
    private(set) var regions: [Int] = []
    /// The tags between the regions, one after each but the last.
    private(set) var dividers: [Int] = []

    /// Deeper elements are not moved, which bounds the recursion.
    private static let deepest = 64

    /// The tree of tags, in time proportional to their number; nil where they are not nested.
    ///
    /// - Parameters:
    ///   - tags: the tags of an input.
    ///   - count: the length of the input's text.
    init?(_ tags: [InlineMarkup.Tag], count: Int) {
        guard let partners = Self.partners(tags) else { return nil }
        var current = beginRegion(at: 0)
        for (index, tag) in tags.enumerated() {
            if tag.kind == .point {
                add(index, tag, to: current)
            } else if partners[index] < 0 {
                nodes[current].range = nodes[current].range.lowerBound..<tag.offset
                dividers.append(index)
                current = beginRegion(at: tag.offset)
            } else if tag.kind == .start {
                guard nodes[current].depth < Self.deepest else { return nil }
                current = add(index, tag, to: current)
            } else {
                nodes[current].end = index
                nodes[current].range = nodes[current].range.lowerBound..<tag.offset
                current = nodes[current].parent
            }
        }
        nodes[current].range = nodes[current].range.lowerBound..<count
    }

    /// For each tag its other half; −1 where it has none.
    private static func partners(_ tags: [InlineMarkup.Tag]) -> [Int]? {
        var partners = [Int](repeating: -1, count: tags.count)
        var open: [Int] = []
        for (index, tag) in tags.enumerated() where tag.kind != .point {
            if tag.kind == .start {
                open.append(index)
            } else if let start = open.popLast() {
                guard tags[start].name == tag.name else { return nil }
                partners[index] = start
                partners[start] = index
            }
        }
        return partners
    }

    private mutating func beginRegion(at offset: Int) -> Int {
        regions.append(nodes.count)
        nodes.append(Node(parent: -1, start: -1, range: offset..<offset, depth: 0))
        return nodes.count - 1
    }

    @discardableResult
    private mutating func add(_ index: Int, _ tag: InlineMarkup.Tag, to parent: Int) -> Int {
        nodes[parent].children.append(nodes.count)
        nodes.append(
            Node(
                parent: parent, start: index, range: tag.offset..<tag.offset,
                depth: nodes[parent].depth + 1))
        return nodes.count - 1
    }

    /// For each unit the innermost node that it stands in; units are parted at the tags.
    func owners(of units: [TextUnit], _ tags: [InlineMarkup.Tag]) -> [Int] {
        // The tags in their order open and close nodes.
        var opening = [Int](repeating: -1, count: tags.count)
        for (index, node) in nodes.enumerated() where node.end >= 0 { opening[node.start] = index }
        var closing = [Int](repeating: -1, count: tags.count)
        for node in nodes where node.end >= 0 { closing[node.end] = node.parent }
        var region = 0
        var current = 0
        var next = 0
        return units.map { unit in
            while next < tags.count, tags[next].offset <= unit.range.lowerBound {
                if region < dividers.count, dividers[region] == next {
                    region += 1
                    current = regions[region]
                } else if tags[next].kind == .start {
                    current = opening[next]
                } else if tags[next].kind == .end {
                    current = closing[next]
                }
                next += 1
            }
            return current
        }
    }
}
