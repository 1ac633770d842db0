/// Brackets of a line that belong together, and how far each place is enclosed.
///
/// Round, square, curly and CJK brackets, in which a sentence goes on, and guillemets, which may stand after
/// a blank ("« Oui ! »"). A bracket after a colon is a smiley.
struct BracketPairs {
    /// For each place the index of the outermost closing bracket around it; −1 outside all.
    private(set) var enclosedUntil: [Int]
    /// For each closing bracket or guillemet the index of its opening one; −1 elsewhere.
    private(set) var opening: [Int]

    private static let closers: [UInt32: UInt32] = {
        let pairs = "()[]{}（）［］｛｝「」『』【】《》〈〉〔〕〖〗｢｣«»".unicodeScalars.map(\.value)
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: pairs.count, by: 2).map {
                (pairs[$0], pairs[$0 + 1])
            })
    }()
    private static let openers = Dictionary(uniqueKeysWithValues: closers.map { ($1, $0) })
    private static let guillemet: UInt32 = 0xAB

    /// Whether a scalar is to be looked up: letters of most scripts are not.
    private static func mayBeBracket(_ value: UInt32) -> Bool {
        switch value {
        case 0x28, 0x29, 0x5B, 0x5D, 0x7B, 0x7D, 0xAB, 0xBB, 0x3000...: true
        default: false
        }
    }

    /// Looks once at each scalar.
    init(_ values: [UInt32]) {
        opening = [Int](repeating: -1, count: values.count)
        enclosedUntil = opening
        var open: [(value: UInt32, index: Int)] = []
        for (index, value) in values.enumerated() where Self.mayBeBracket(value) {
            if Self.closers[value] != nil {
                let before = index > 0 ? values[index - 1] : 0
                if before != 0x3A && before != 0x3B && before != 0x3D {
                    open.append((value, index))
                }
            } else if let opener = Self.openers[value] {
                close(opener, at: index, &open)
            }
        }
        spread(values)
    }

    /// Pairs a closing bracket with the last opening one of its kind.
    ///
    /// What opened in between and was never closed is forgotten, at most three of them.
    private mutating func close(
        _ opener: UInt32, at index: Int, _ open: inout [(value: UInt32, index: Int)]
    ) {
        guard let place = open.suffix(4).lastIndex(where: { $0.value == opener }) else { return }
        opening[index] = open[place].index
        open.removeSubrange(place...)
    }

    /// Makes `enclosedUntil` of the pairs, guillemets aside: these quote whole sentences.
    private mutating func spread(_ values: [UInt32]) {
        var outer = Int.max
        for index in stride(from: values.count - 1, through: 0, by: -1) {
            let opener = opening[index]
            if opener >= 0 && opener < outer && values[opener] != Self.guillemet {
                for inner in stride(from: min(index, outer) - 1, through: opener, by: -1) {
                    enclosedUntil[inner] = index
                }
                outer = opener
            }
        }
    }
}
