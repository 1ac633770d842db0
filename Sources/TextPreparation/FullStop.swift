/// The decision whether a sentence begins after one full stop.
struct FullStop {
    let line: Line
    let cluster: TerminatorCluster
    /// Where the sentence of the full stop begins.
    let sentenceStart: Int

    private var next: Int { cluster.next }
    private var token: Word { line.token(before: cluster.start, start: sentenceStart) }

    /// Whether a sentence begins at the end of the cluster.
    var breaks: Bool {
        if line.values[cluster.start] != 0x2E {
            // Full-width and small full stops end a sentence unless they stand in a number.
            return next > cluster.end || line.classes[next] != .numeric
        }
        if next == cluster.end { return line.classes[next] != .numeric && breaksWithinWord }
        if next == cluster.closeEnd { return false }
        let token = token
        if line.lowerFollows[next] && !breaksBeforeSmall(token) { return false }
        if token.isEmpty { return true }
        return token.isNumber ? breaks(afterNumber: token) : breaks(afterWord: token)
    }

    /// Whether a sentence begins against SB8, which joins what goes on with a small letter.
    ///
    /// It does where nothing is a capital, and with a digit after a whole word: "kwamen. 81 procent".
    private func breaksBeforeSmall(_ token: Word) -> Bool {
        if line.classes[next] == .numeric { return token.letters >= 4 || token.isNumber }
        return line.isCaseless && line.classes[next] == .lower && token.letters >= 2
            && kind(of: token) == nil
    }

    // MARK: Words

    private func breaks(afterWord token: Word) -> Bool {
        let following = line.word(from: line.wordStart(from: next))
        if let kind = kind(of: token) {
            switch kind {
            case .never: return false
            case .starter: return following.isStarter
            case .final:
                return following.isCapitalised
                    && line.rules.abbreviations[following.lowered] != .never
            case .number:
                if precedesNumber { return false }
                // "S. 5", but in "S. Fischer" the letter is an initial.
                if token.letters > 1 { return true }
            }
        }
        if token.letters == 1 && token.range.count == 1 {
            return breaks(afterInitial: token, following)
        }
        return isMultiPart(token) ? following.isStarter : true
    }

    /// What the rules say about the token, alone or with the short parts before it.
    private func kind(of token: Word) -> LanguageRules.Abbreviation? {
        var name = token.lowered
        var found = line.rules.abbreviations[name]
        var first = token.range.lowerBound
        var parts = 1
        while parts < 4, token.letters <= 3, first >= sentenceStart + 3,
            line.classes[first - 1] == .space, line.values[first - 2] == 0x2E
        {
            let part = line.token(before: first - 2, start: sentenceStart)
            guard !part.isEmpty, part.letters <= 3 else { break }
            name = part.lowered + "." + name
            found = line.rules.abbreviations[name] ?? found
            first = part.range.lowerBound
            parts += 1
        }
        return found
    }

    /// Whether a figure or a Roman number follows.
    private var precedesNumber: Bool {
        let index = line.wordStart(from: next)
        guard index < line.count else { return false }
        if line.classes[index] == .numeric { return true }
        let word = line.word(from: index)
        return word.isCapitalised && word.range.count <= 6
            && word.range.allSatisfy { Self.roman.contains(line.values[$0]) }
            && word.lowered != "i"
    }

    private static let roman = Set("IVXLCDM".unicodeScalars.map(\.value))

    /// Whether a sentence begins after a single letter.
    ///
    /// "Albert I. Jones" goes on; "you and I. Did" does not, since a name has capitals before.
    private func breaks(afterInitial token: Word, _ following: Word) -> Bool {
        if token.isSmall && isUnit(token) { return true }
        guard !isFirst(token), following.isStarter, !isInitial(following) else { return false }
        let end = token.range.lowerBound - 1
        guard end > sentenceStart, line.classes[end] == .space else { return false }
        return line.classes[end - 1] == .lower
            && line.token(before: end, start: sentenceStart).isSmall
    }

    /// Whether the word is one letter with a full stop.
    private func isInitial(_ word: Word) -> Bool {
        let end = word.range.upperBound
        return word.range.count == 1 && end < line.count && line.values[end] == 0x2E
    }

    /// Whether the letter is a unit: behind a slash, or behind a number.
    private func isUnit(_ token: Word) -> Bool {
        let start = token.range.lowerBound
        guard start > sentenceStart + 1 else { return false }
        if line.values[start - 1] == 0x2F { return true }
        return line.classes[start - 1] == .space && line.classes[start - 2] == .numeric
    }

    /// Short parts with full stops within: "U.S.", "Ph.D.", "LL.AA.".
    private func isMultiPart(_ token: Word) -> Bool {
        var letters = 0
        var dots = 0
        for index in token.range {
            if line.values[index] == 0x2E {
                dots += 1
                letters = 0
            } else {
                letters += 1
                if letters > 2 { return false }
            }
        }
        return dots > 0
    }

    // MARK: Numbers

    private func breaks(afterNumber token: Word) -> Bool {
        // The number of an item: "1. The first".
        if isFirst(token) && token.range.count <= 3 { return false }
        guard line.rules.hasOrdinals else { return true }
        let index = line.wordStart(from: next)
        if followsNumber { return false }
        let word = index < line.count ? line.word(from: index) : nil
        if let word, line.rules.ordinalFollowers.contains(word.lowered) { return false }
        if let word, word.isStarter { return true }
        return !line.rules.ordinalLeaders.contains(leader(of: token))
    }

    /// Whether nothing but marks and blanks, eight at most, stands before the token in its sentence.
    private func isFirst(_ token: Word) -> Bool {
        let before = sentenceStart..<token.range.lowerBound
        return before.count <= 8
            && before.allSatisfy {
                !line.classes[$0].isLetter && line.classes[$0] != .numeric
            }
    }

    /// Whether digits follow, after a dash or not, as in a date.
    private var followsNumber: Bool {
        let isDash = line.values[next] == 0x2D || line.values[next] == 0x2013
        let digit = isDash ? next + 1 : next
        return digit < line.count && line.classes[digit] == .numeric
    }

    /// The word before a number, in lower case.
    private func leader(of token: Word) -> String {
        var end = token.range.lowerBound
        while end > sentenceStart, line.classes[end - 1] == .space { end -= 1 }
        return line.token(before: end, start: sentenceStart).lowered
    }

    // MARK: No blank

    /// Whether a sentence begins though no blank parts it from the last: "Hello world.Today is".
    var breaksWithinWord: Bool {
        let word = line.word(from: next)
        guard !word.isEmpty, isPlain(word) else { return false }
        let token = token
        let isUncased = line.classes[next] == .letter
        guard isUncased || (word.isCapitalised && isCapitalThenSmall(word)) else { return false }
        if !cluster.hasMark, kind(of: token) != nil { return false }
        if isUncased { return token.letters >= 2 && word.range.count >= 2 }
        if token.range.count >= 2 && token.isSmall { return true }
        return word.isStarter || line.rules.abbreviations[word.lowered] == .never
    }

    private func isCapitalThenSmall(_ word: Word) -> Bool {
        word.range.count >= 2 && word.range.dropFirst().allSatisfy { line.classes[$0] != .upper }
    }

    /// Whether the word is followed by what follows words in running text.
    private func isPlain(_ word: Word) -> Bool {
        let end = word.range.upperBound
        guard end < line.count else { return true }
        return line.classes[end] == .space || line.classes[end].isTerminator
            || line.classes[end] == .sContinue || line.classes[end].isLetter
    }
}
