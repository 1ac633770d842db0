/// What each exit would have said along an output of full depth.
public struct ExitTrace: Sendable {
    /// For each position the tokens of exits 1 … N.
    public let positions: [[Int]]
    /// For each position that of the side branch; nil where there is none.
    public let branch: [Int]?

    /// States both.
    public init(positions: [[Int]], branch: [Int]? = nil) {
        precondition(branch.map { $0.count == positions.count } ?? true)
        self.positions = positions
        self.branch = branch
    }

    /// What an exit says at a position.
    ///
    /// - Parameters:
    ///   - exit: 1 … N, or 0, the side branch.
    ///   - position: 0 for the first.
    /// - Returns: a target id; nil for the branch where there is none.
    public func token(ofExit exit: Int, at position: Int) -> Int? {
        exit == 0 ? branch?[position] : positions[position][exit - 1]
    }

    /// Whether an exit gives full depth's token at a position.
    public func agrees(exit: Int, at position: Int) -> Bool {
        token(ofExit: exit, at: position) == fullDepth(at: position)
    }

    /// Full depth's token at a position.
    public func fullDepth(at position: Int) -> Int {
        positions[position][positions[position].count - 1]
    }
}

extension [ExitTrace] {
    /// The share of tokens on which an exit agrees with full depth, 0 … 1.
    public func agreement(ofExit exit: Int) -> Double {
        var (agreeing, all) = (0, 0)
        for trace in self {
            all += trace.positions.count
            agreeing += trace.positions.indices.count { trace.agrees(exit: exit, at: $0) }
        }
        return Double(agreeing) / Double(Swift.max(all, 1))
    }
}
