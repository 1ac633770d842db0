/// Puts labels beside their points where they cover as little as possible.
///
/// Greedy: every label takes the best of eight places, given those before it.
struct LabelPlacement {
    /// An upright rectangle in pixels.
    struct Box {
        var left: Double
        var top: Double
        var right: Double
        var bottom: Double

        /// A square around a point.
        init(around x: Double, _ y: Double, radius: Double) {
            self.init(left: x - radius, top: y - radius, width: 2 * radius, height: 2 * radius)
        }

        init(left: Double, top: Double, width: Double, height: Double) {
            self.left = left
            self.top = top
            right = left + width
            bottom = top + height
        }

        /// The area that both cover.
        func overlap(_ other: Box) -> Double {
            let width = min(right, other.right) - max(left, other.left)
            let height = min(bottom, other.bottom) - max(top, other.top)
            return width > 0 && height > 0 ? width * height : 0
        }
    }

    /// What labels should stay off: markers, points along lines, labels already placed.
    private var taken: [Box]
    private let field: Box

    init(avoiding taken: [Box], within field: Box) {
        self.taken = taken
        self.field = field
    }

    /// Places a label of one line beside a point.
    ///
    /// - Returns: the left end of its base line.
    mutating func place(_ text: String, x: Double, y: Double) -> (x: Double, y: Double) {
        let (width, height) = (TextSize.width(text) * 11 / 12, 12.0)
        let columns = (right: x + 8, middle: x - width / 2, left: x - 8 - width)
        let rows = (above: y - 8 - height, middle: y - height / 2, below: y + 8)
        let places = [
            (columns.right, rows.middle), (columns.middle, rows.above),
            (columns.middle, rows.below), (columns.left, rows.middle),
            (columns.right, rows.above), (columns.right, rows.below),
            (columns.left, rows.above), (columns.left, rows.below),
        ].map { Box(left: $0, top: $1, width: width, height: height) }
        let costs = places.map(cost)
        let best = costs.indices.min { costs[$0] < costs[$1] } ?? 0
        taken.append(places[best])
        return (places[best].left, places[best].bottom - 2.5)
    }

    private func cost(_ box: Box) -> Double {
        let outside = (box.right - box.left) * (box.bottom - box.top) - box.overlap(field)
        return taken.reduce(10 * outside) { $0 + $1.overlap(box) }
    }
}
