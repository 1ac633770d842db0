/// Something that waits in a `MergeQueue`.
protocol Prioritized {
    /// Whether this one leaves the queue before the other.
    func precedes(_ other: Self) -> Bool
}

/// Two neighbouring symbols that together are a piece.
struct MergeCandidate: Prioritized {
    /// Orders scores as integers: greater is better.
    var rank: Int32
    /// Bytes of both, to recognise a candidate that an earlier merge has overtaken.
    var length: Int32
    var left: Int
    var right: Int

    init(score: Float, length: Int32, left: Int, right: Int) {
        // IEEE 754 bit patterns compare as the numbers do once those of negative numbers are
        // turned round. The reference implementation compares them so, signed zeros included.
        let bits = Int32(bitPattern: score.bitPattern)
        rank = bits < 0 ? bits ^ .max : bits
        self.length = length
        self.left = left
        self.right = right
    }

    /// Whether this one is merged first: by score, then from left to right.
    @inline(__always)
    func precedes(_ other: Self) -> Bool {
        rank > other.rank || (rank == other.rank && left < other.left)
    }
}

/// A binary heap of merge candidates, the first to be merged at its top.
struct MergeQueue<Candidate: Prioritized> {
    private var heap: [Candidate] = []

    init(capacity: Int) {
        heap.reserveCapacity(capacity)
    }

    mutating func push(_ candidate: Candidate) {
        var index = heap.count
        heap.append(candidate)
        while index > 0 {
            let parent = (index - 1) / 2
            guard candidate.precedes(heap[parent]) else { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = candidate
    }

    mutating func pop() -> Candidate? {
        guard let last = heap.popLast() else { return nil }
        guard let top = heap.first else { return last }
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
            guard heap[child].precedes(last) else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = last
        return top
    }
}
