/// The scalars that the rules of UAX #29 see: Extend and Format belong to what they follow (SB5).
struct SignificantScalars {
    /// The class of each.
    private(set) var classes: [SentenceBreakClass] = []
    /// The place of each in the text.
    private(set) var places: [Int] = []

    /// - Parameters:
    ///   - classes: the class of each scalar of the text.
    ///   - range: the part of the text to look at.
    init(_ classes: [SentenceBreakClass], in range: Range<Int>) {
        self.classes.reserveCapacity(range.count)
        places.reserveCapacity(range.count)
        for place in range {
            let type = classes[place]
            if type == .extend || type == .format, let last = self.classes.last,
                !last.endsParagraph
            {
                continue
            }
            self.classes.append(type)
            places.append(place)
        }
    }

    var count: Int { classes.count }

    /// The condition of SB8 for each index, and for the end.
    ///
    /// It holds where a lower-case letter follows before any other letter, terminator or paragraph's end.
    func lowerFollows() -> [Bool] {
        var follows = [Bool](repeating: false, count: count + 1)
        for index in stride(from: count - 1, through: 0, by: -1) {
            let type = classes[index]
            let decides = type.isLetter || type.isTerminator || type.endsParagraph
            follows[index] = decides ? type == .lower : follows[index + 1]
        }
        return follows
    }
}

/// The default sentence boundaries of UAX #29, rules SB1 to SB998, without any language.
enum SentenceBreaks {
    /// - Parameter scalars: a text.
    /// - Returns: the indices before which a sentence begins, ascending; the first is 0 and the last is the
    ///   count, unless the text is empty.
    static func boundaries(of scalars: [Unicode.Scalar]) -> [Int] {
        guard !scalars.isEmpty else { return [] }
        let text = SignificantScalars(
            scalars.map { SentenceBreakClass($0) }, in: scalars.indices)
        let lowerFollows = text.lowerFollows()
        var found = [0]
        var index = 0
        while index < text.count {
            if text.classes[index].endsParagraph {
                index = endOfParagraph(index, text)
            } else if text.classes[index].isTerminator {
                let start = index
                index = endOfCluster(index, text)
                if index < text.count, text.classes[index].endsParagraph {
                    index = endOfParagraph(index, text)
                } else if index < text.count, !breaks(start, index, text, lowerFollows) {
                    continue
                }
            } else {
                index += 1
                continue
            }
            if index < text.count { found.append(text.places[index]) }
        }
        return found + [scalars.count]
    }

    /// The end of CR, LF, CR LF or Sep (SB3, SB4).
    private static func endOfParagraph(_ index: Int, _ text: SignificantScalars) -> Int {
        let pair =
            text.classes[index] == .carriageReturn && index + 1 < text.count
            && text.classes[index + 1] == .lineFeed
        return index + (pair ? 2 : 1)
    }

    /// The end of SATerm Close* Sp* (SB9, SB10).
    private static func endOfCluster(_ start: Int, _ text: SignificantScalars) -> Int {
        var index = start + 1
        while index < text.count, text.classes[index] == .close { index += 1 }
        while index < text.count, text.classes[index] == .space { index += 1 }
        return index
    }

    /// Whether SB11 breaks before `next`, that is, none of SB6 to SB8a keeps the sentence together.
    private static func breaks(
        _ start: Int, _ next: Int, _ text: SignificantScalars, _ lowerFollows: [Bool]
    ) -> Bool {
        let following = text.classes[next]
        if following == .sContinue || following.isTerminator { return false }
        guard text.classes[start] == .aTerm else { return true }
        if next == start + 1 {
            if following == .numeric { return false }
            let cased = start > 0 && [.upper, .lower].contains(text.classes[start - 1])
            if cased && following == .upper { return false }
        }
        return !lowerFollows[next]
    }
}
