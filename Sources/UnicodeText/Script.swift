/// To which letters a character belongs.
///
/// The standard library does not know Unicode's `Script` property. Letters are told apart by the
/// ranges that Unicode gives to a script, and outside those of `ranges` by blocks of 128 code
/// points, which is how the scripts of India and their neighbours are laid out.
public enum Script: Hashable, Sendable {
    /// Goes with every script: the visible space and combining marks.
    case any
    /// Digits, punctuation and symbols.
    case common
    /// Letters of one script, by the first code point of a range of it.
    case letters(UInt32)

    /// That of a character.
    public init(of scalar: Unicode.Scalar) {
        if scalar == "\u{2581}" {
            self = .any
            return
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: self = .any
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            self = .letters(Self.representative(of: scalar.value))
        default: self = .common
        }
    }

    /// Whether a piece may have characters of both.
    public func joins(_ other: Script) -> Bool {
        self == other || self == .any || other == .any
    }

    private static func representative(of value: UInt32) -> UInt32 {
        for (range, script) in ranges where range.contains(value) { return script }
        return value & ~0x7F
    }

    private static let ranges: [(ClosedRange<UInt32>, UInt32)] = [
        (0x0000...0x02FF, latin), (0x0370...0x03FF, greek), (0x0400...0x052F, cyrillic),
        (0x0530...0x058F, armenian), (0x0590...0x05FF, hebrew), (0x0600...0x06FF, arabic),
        (0x0750...0x077F, arabic), (0x0870...0x08FF, arabic), (0x0E00...0x0E7F, 0x0E00),
        (0x0F00...0x0FFF, tibetan), (0x1000...0x109F, burmese), (0x10A0...0x10FF, georgian),
        (0x1100...0x11FF, hangul), (0x1200...0x139F, ethiopic), (0x13A0...0x13FF, cherokee),
        (0x1400...0x167F, canadian), (0x1800...0x18AF, mongolian), (0x18B0...0x18FF, canadian),
        (0x1C80...0x1C8F, cyrillic), (0x1C90...0x1CBF, georgian), (0x1D00...0x1DBF, latin),
        (0x1E00...0x1EFF, latin), (0x1F00...0x1FFF, greek), (0x2100...0x214F, latin),
        (0x2C60...0x2C7F, latin), (0x2D00...0x2D2F, georgian), (0x2D80...0x2DDF, ethiopic),
        (0x2E80...0x312F, han), (0x3130...0x318F, hangul), (0x3190...0x9FFF, han),
        (0xA640...0xA69F, cyrillic), (0xA720...0xA7FF, latin), (0xAB30...0xAB6F, latin),
        (0xA960...0xA97F, hangul), (0xAC00...0xD7FF, hangul), (0xF900...0xFAFF, han),
        (0xFB00...0xFB0F, latin), (0xFB10...0xFB1C, armenian), (0xFB1D...0xFB4F, hebrew),
        (0xFB50...0xFDFF, arabic), (0xFE70...0xFEFF, arabic), (0xFF21...0xFF5A, latin),
        (0xFF66...0xFF9F, han), (0xFFA0...0xFFDC, hangul), (0x1B000...0x1B16F, han),
        (0x20000...0x3FFFF, han),
    ]

    private static let latin: UInt32 = 0x41
    private static let greek: UInt32 = 0x370
    private static let cyrillic: UInt32 = 0x400
    private static let armenian: UInt32 = 0x530
    private static let hebrew: UInt32 = 0x590
    private static let arabic: UInt32 = 0x600
    private static let tibetan: UInt32 = 0xF00
    private static let burmese: UInt32 = 0x1000
    private static let georgian: UInt32 = 0x10A0
    private static let hangul: UInt32 = 0x1100
    private static let ethiopic: UInt32 = 0x1200
    private static let cherokee: UInt32 = 0x13A0
    private static let canadian: UInt32 = 0x1400
    private static let mongolian: UInt32 = 0x1800
    /// Chinese characters and both kana, which Japanese mixes within words.
    private static let han: UInt32 = 0x2E80
}
