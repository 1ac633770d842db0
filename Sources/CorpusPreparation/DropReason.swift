/// Why a pair is left out, in the order in which it is asked: the first one counts.
public enum DropReason: String, Sendable, CaseIterable {
    /// A side is not UTF-8, longer than a line may be, or has the sign that stands for lost characters (U+FFFD).
    case notText = "not_text"
    /// A side is blank.
    case empty
    /// A side is in a held-out text.
    case heldOut = "held_out"
    /// A side has no letters.
    case noLetters = "no_letters"
    /// A side has too few words.
    case tooShort = "too_short"
    /// A side has too many words or characters.
    case tooLong = "too_long"
    /// A word is too long.
    case longWord = "long_word"
    /// One side is too long beside the other.
    case lengthRatio = "length_ratio"
    /// Both sides are the same, and more than a name.
    case identical
    /// A side consists of addresses, tags and character references for the most part.
    case markup
    /// Too few letters of a side are of the script of that side.
    case script
    /// A side looks like the other language.
    case language
    /// A side has what was asked to be left out.
    case pattern
    /// The pair was there already.
    case duplicate
    /// The source was there already.
    case duplicateSource = "duplicate_source"
    /// The target was there already.
    case duplicateTarget = "duplicate_target"
}
