/// Which script a letter is of, and which small letter it stands for.
///
/// Scripts are told by ranges of code points, as in `scripts/make-language-profiles`: those whose languages are known.
struct LetterTable: Sendable {
    enum Kind: Equatable, Sendable {
        /// No letter.
        case none
        /// Goes with the letter before.
        case mark
        /// A letter of a script whose languages are not known.
        case foreign
        /// A letter of one of `scripts`.
        case script(Int)
    }

    /// Names of ISO 15924, in the order of the profiles.
    static let scripts = [
        "Latn", "Cyrl", "Arab", "Deva", "Hani", "Hebr", "Beng", "Ethi", "Grek", "Armn", "Guru",
        "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym", "Sinh", "Thai", "Laoo", "Mymr", "Geor",
        "Hang", "Khmr",
    ]
    static let han = scripts.firstIndex(of: "Hani") ?? 0
    static let hangul = scripts.firstIndex(of: "Hang") ?? 0

    private static let ranges: [(ClosedRange<UInt32>, String)] = [
        (0x41...0x2FF, "Latn"), (0x370...0x3FF, "Grek"), (0x400...0x52F, "Cyrl"),
        (0x530...0x58F, "Armn"), (0x590...0x5FF, "Hebr"), (0x600...0x77F, "Arab"),
        (0x8A0...0x8FF, "Arab"), (0x900...0x97F, "Deva"), (0x980...0x9FF, "Beng"),
        (0xA00...0xA7F, "Guru"), (0xA80...0xAFF, "Gujr"), (0xB00...0xB7F, "Orya"),
        (0xB80...0xBFF, "Taml"), (0xC00...0xC7F, "Telu"), (0xC80...0xCFF, "Knda"),
        (0xD00...0xD7F, "Mlym"), (0xD80...0xDFF, "Sinh"), (0xE00...0xE7F, "Thai"),
        (0xE80...0xEFF, "Laoo"), (0x1000...0x109F, "Mymr"), (0x10A0...0x10FF, "Geor"),
        (0x1100...0x11FF, "Hang"), (0x1200...0x139F, "Ethi"), (0x1780...0x17FF, "Khmr"),
        (0x1C80...0x1C8F, "Cyrl"), (0x1C90...0x1CBF, "Geor"), (0x1E00...0x1EFF, "Latn"),
        (0x1F00...0x1FFF, "Grek"), (0x3005...0x3007, "Hani"), (0x3040...0x30FF, "Hani"),
        (0x3130...0x318F, "Hang"), (0x31F0...0x31FF, "Hani"), (0x3400...0x9FFF, "Hani"),
        (0xAC00...0xD7AF, "Hang"), (0xF900...0xFAFF, "Hani"), (0xFB1D...0xFB4F, "Hebr"),
        (0xFB50...0xFDFF, "Arab"), (0xFE70...0xFEFE, "Arab"), (0x20000...0x323AF, "Hani"),
    ]

    static let shared = Self()

    /// Of the characters below `tableEnd`.
    private let kinds: [Kind]
    private let smallLetters: [UInt32]
    private static let tableEnd: UInt32 = 0x3400
    private static let smallEnd: UInt32 = 0x2000

    private init() {
        let scalars = (0..<Self.tableEnd).map { Unicode.Scalar($0) }
        kinds = scalars.map { $0.map(Self.kind(of:)) ?? .none }
        smallLetters = scalars.prefix(Int(Self.smallEnd)).map { $0.map(Self.small(of:)) ?? 0 }
    }

    /// What a character is.
    func kind(_ value: UInt32) -> Kind {
        switch value {
        case ..<Self.tableEnd: kinds[Int(value)]
        case 0x4E00...0x9FFF: .script(Self.han)
        case 0xAC00...0xD7A3: .script(Self.hangul)
        default: Unicode.Scalar(value).map(Self.kind(of:)) ?? .none
        }
    }

    /// The character that one is compared as: the small letter, one apostrophe for all, `ș` for `ş`.
    func small(_ value: UInt32) -> UInt32 {
        value < Self.smallEnd ? smallLetters[Int(value)] : value == 0x2019 ? 0x27 : value
    }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        let isMark: Bool
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: isMark = true
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            isMark = false
        default: return .none
        }
        let name = ranges.first { $0.0.contains(scalar.value) }?.1
        if let name, let index = scripts.firstIndex(of: name) { return .script(index) }
        return isMark ? .mark : .foreign
    }

    private static func small(of scalar: Unicode.Scalar) -> UInt32 {
        let lower = scalar.properties.lowercaseMapping.unicodeScalars
        let value = lower.count == 1 ? lower[lower.startIndex].value : scalar.value
        switch value {
        case 0x130, 0x69: return 0x69
        case 0x15F: return 0x219
        case 0x163: return 0x21B
        case 0x2BB, 0x2BC: return 0x27
        default: return value
        }
    }
}
