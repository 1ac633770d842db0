/// The property Sentence_Break of UAX #29, Table 4, of a scalar.
enum SentenceBreakClass: UInt8 {
    case other
    case carriageReturn
    case lineFeed
    case separator
    case space
    case extend
    case format
    case lower
    case upper
    case letter
    case numeric
    case aTerm
    case sTerm
    case close
    case sContinue
    /// Part of a protected span, which counts as a letter without case; no class of UAX #29.
    case opaque

    /// Reads the scripts from Latin to Arabic from a table and derives the rest as UAX #29, Table 4 defines it.
    init(_ scalar: Unicode.Scalar) {
        let value = Int(scalar.value)
        self = value < Self.table.count ? Self.table[value] : Self.derived(scalar)
    }

    /// A letter, with case or without.
    var isLetter: Bool {
        self == .letter || self == .lower || self == .upper || self == .opaque
    }

    /// ATerm or STerm.
    var isTerminator: Bool { self == .aTerm || self == .sTerm }

    /// What ends a paragraph: ParaSep.
    var endsParagraph: Bool {
        self == .separator || self == .carriageReturn || self == .lineFeed
    }

    private static let table = (0..<0x800 as Range<UInt32>).compactMap { Unicode.Scalar($0) }
        .map { derived($0) }

    private static func derived(_ scalar: Unicode.Scalar) -> Self {
        let properties = scalar.properties
        switch scalar.value {
        case 0x0D: return .carriageReturn
        case 0x0A: return .lineFeed
        case 0x85, 0x2028, 0x2029: return .separator
        case 0x2E, 0x2024, 0xFE52, 0xFF0E: return .aTerm
        // Line_Break=Numeric beyond the decimal digits.
        case 0x66B, 0x66C, 0x600...0x605, 0x6DD, 0x890, 0x891, 0x8E2, 0x19DA, 0x110BD, 0x110CD:
            return .numeric
        case 0x5F3: return .letter
        // Georgian letters have case as a property but not in running text.
        case 0x10D0...0x10FA, 0x10FD...0x10FF, 0x1C90...0x1CBA, 0x1CBD...0x1CBF: return .letter
        default: break
        }
        switch properties.generalCategory {
        case .decimalNumber: return .numeric
        case .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation:
            return .close
        case .otherPunctuation, .dashPunctuation:
            if SentenceBreakData.terminals.contains(scalar) { return .sTerm }
            if SentenceBreakData.continuations.contains(scalar) { return .sContinue }
            return SentenceBreakData.quotations.contains(scalar) ? .close : .other
        case .spacingMark: return .extend
        default: break
        }
        return alphabetic(scalar, properties)
    }

    private static func alphabetic(
        _ scalar: Unicode.Scalar, _ properties: Unicode.Scalar.Properties
    ) -> Self {
        if properties.isGraphemeExtend || scalar.value == 0x200D { return .extend }
        if properties.generalCategory == .format { return .format }
        if properties.isLowercase { return .lower }
        if properties.isUppercase || properties.generalCategory == .titlecaseLetter {
            return .upper
        }
        if properties.isAlphabetic { return .letter }
        if properties.isWhitespace { return .space }
        return SentenceBreakData.quotations.contains(scalar) ? .close : .other
    }
}
