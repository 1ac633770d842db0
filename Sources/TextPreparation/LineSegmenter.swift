/// Finds where sentences begin in a line: UAX #29, refined by what the language knows.
///
/// Every index is looked at a bounded number of times, so that the time is in proportion to the length.
struct LineSegmenter {
    let line: Line
    /// Where the present sentence begins.
    private var start = 0

    init(_ line: Line) {
        self.line = line
    }

    /// The places in the text at which a sentence begins, ascending, without the line's own beginning.
    mutating func boundaries() -> [Int] {
        var items = InlineList.boundaries(of: line)[...]
        var found: [Int] = []
        var index = 0
        while index < line.count {
            if let item = items.first, item <= index {
                items.removeFirst()
                if item > start { begin(item, &found) }
            }
            guard TerminatorCluster.begins(at: index, of: line) else {
                index += 1
                continue
            }
            let cluster = TerminatorCluster(at: index, of: line)
            index = cluster.next
            guard index < line.count else { break }
            if let place = boundary(after: cluster), place > start {
                begin(place, &found)
                index = max(place, cluster.start + 1)
            }
        }
        return found
    }

    private mutating func begin(_ index: Int, _ found: inout [Int]) {
        start = index
        found.append(line.places[index])
    }

    /// Where a sentence begins at the cluster, if one does.
    private func boundary(after cluster: TerminatorCluster) -> Int? {
        guard line.brackets.enclosedUntil[cluster.start] < cluster.next else { return nil }
        let following = line.classes[cluster.next]
        if following == .sContinue { return nil }
        if TerminatorCluster.begins(at: cluster.next, of: line) {
            return beginsWithEllipsis(cluster.next, after: cluster) ? cluster.next : nil
        }
        if cluster.hasMark { return breaks(afterMark: cluster) ? cluster.next : nil }
        if cluster.dots > 1 { return ellipsisBoundary(cluster) }
        return FullStop(line: line, cluster: cluster, sentenceStart: start).breaks
            ? cluster.next : nil
    }

    /// Whether a sentence begins with the dots at `index`, as "...en toen" does.
    private func beginsWithEllipsis(_ index: Int, after cluster: TerminatorCluster) -> Bool {
        guard cluster.next > cluster.closeEnd else { return false }
        let dots = TerminatorCluster(at: index, of: line)
        return dots.dots >= 3 && !dots.hasMark && dots.next == dots.end && dots.next < line.count
            && line.classes[dots.next].isLetter
    }

    /// Whether a sentence begins after `!`, `?` or their like.
    private func breaks(afterMark cluster: TerminatorCluster) -> Bool {
        let word = line.wordStart(from: cluster.next)
        let isSmall = word < line.count && line.classes[word] == .lower
        if closesBracket(cluster) { return breaks(afterBracket: cluster) }
        if cluster.next == cluster.end {
            // Marks of scripts without blanks end a sentence; `!` within a word does not.
            guard line.values[cluster.end - 1] < 0x80 else { return true }
            return FullStop(line: line, cluster: cluster, sentenceStart: start).breaksWithinWord
        }
        if cluster.next == cluster.closeEnd { return line.values[cluster.end - 1] >= 0x80 }
        guard isSmall && !line.isCaseless else { return true }
        // "That!" she said. And "Yahoo! in", "what?... and".
        if cluster.closeEnd > cluster.end || cluster.dots > 0 { return false }
        let name = line.token(before: cluster.start, start: start).lowered
        return !line.rules.exclamations.contains(name)
    }

    /// Whether one of the closing marks is a CJK bracket.
    private func closesBracket(_ cluster: TerminatorCluster) -> Bool {
        (cluster.end..<cluster.closeEnd).contains {
            line.values[$0] >= 0x3000 && line.brackets.opening[$0] >= 0
        }
    }

    /// Whether a sentence begins after 。」, which it does not before a particle, nor if the bracket began the
    /// sentence.
    private func breaks(afterBracket cluster: TerminatorCluster) -> Bool {
        if (0x3041...0x309F).contains(line.values[cluster.next]) { return false }
        let opening = line.brackets.opening[cluster.closeEnd - 1]
        return !(opening == start && line.classes[cluster.next].isLetter)
    }

    /// Where a sentence begins at an ellipsis.
    private func ellipsisBoundary(_ cluster: TerminatorCluster) -> Int? {
        let isAttached = !line.isBlank(before: cluster.start)
        let isBracketed =
            cluster.start > 0 && cluster.closeEnd > cluster.end
            && (line.values[cluster.start - 1] == 0x5B || line.values[cluster.start - 1] == 0x28)
        if isBracketed || cluster.next == cluster.closeEnd || cluster.start == start { return nil }
        let word = line.wordStart(from: cluster.next)
        guard word < line.count, line.classes[word] == .upper || isUncased(word) else { return nil }
        if cluster.isSpaced {
            guard cluster.dots >= 4 else { return isAttached ? cluster.next : nil }
            // "compounds. . . . The": the first full stop ends, the others begin.
            return isAttached ? cluster.start + 2 : cluster.next
        }
        if isAttached || cluster.dots >= 4 { return cluster.next }
        let next = line.word(from: word)
        return next.range.count > 1 && next.isStarter ? cluster.next : nil
    }

    private func isUncased(_ index: Int) -> Bool {
        line.classes[index] == .letter || line.classes[index] == .opaque
    }
}
