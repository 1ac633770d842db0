import UnicodeText

/// What is done to every line before anything else looks at it.
enum LineCleaning {
    /// The text in Normalization Form C without invisible characters, its white space single blanks, none at the ends.
    ///
    /// Control characters, private ones, and format characters that show nothing go (soft hyphens, byte order marks, marks of
    /// direction); a joiner stays between two characters of scripts that are joined by it. Cleaning twice is cleaning once.
    static func cleaned(_ text: String) -> String {
        guard !isClean(text.utf8) else { return text }
        var output = String.UnicodeScalarView()
        var waiting: Unicode.Scalar?
        for scalar in text.composed.unicodeScalars {
            if isPlain(scalar) {
                if let joint = waiting, joint == " " { output.append(joint) }
                waiting = nil
                output.append(scalar)
            } else if scalar.properties.isWhitespace {
                waiting = output.isEmpty ? nil : " "
            } else if isJoiner(scalar) {
                if waiting == nil, output.last.map(joins) ?? false { waiting = scalar }
            } else if !isInvisible(scalar) {
                if let joint = waiting, joint == " " || joins(scalar) { output.append(joint) }
                waiting = nil
                output.append(scalar)
            }
        }
        // What went may have stood between a letter and its mark.
        return String(output).composed
    }

    /// Whether bytes are visible ASCII with single blanks between.
    private static func isClean(_ bytes: String.UTF8View) -> Bool {
        let blank = UInt8(ascii: " ")
        var last = blank
        for byte in bytes {
            guard (0x21...0x7E).contains(byte) || byte == blank && last != blank else {
                return false
            }
            last = byte
        }
        return last != blank
    }

    /// Whether a character is plainly visible: a short way for most of them.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        (0x21...0x7E).contains(scalar.value)
            || (0xA1...0x2FF).contains(scalar.value) && scalar != "\u{AD}"
    }

    private static func isJoiner(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\u{200C}" || scalar == "\u{200D}"
    }

    /// Whether a joiner means something beside the character: not in the scripts of Europe, nor beside punctuation.
    private static func joins(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x600 && !(0x1E00...0x206F).contains(scalar.value)
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value > 0x7E else { return scalar.value < 0x20 || scalar.value == 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .privateUse, .surrogate: return true
        case .format: return scalar.properties.isDefaultIgnorableCodePoint
        default: return false
        }
    }
}
