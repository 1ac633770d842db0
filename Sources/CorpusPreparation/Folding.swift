import System

extension String {
    /// The text for comparison: lower case, letters, marks and digits only; as it is where nothing of that kind is in it.
    var folded: String {
        var output = String.UnicodeScalarView()
        for scalar in lowercased().unicodeScalars {
            if scalar == "ß" {
                output.append(contentsOf: "ss".unicodeScalars)
            } else if scalar.isCompared {
                output.append(scalar)
            }
        }
        return output.isEmpty ? self : String(output)
    }
}

extension Unicode.Scalar {
    fileprivate var isCompared: Bool {
        guard !isASCII else { return isLetter || ("0"..."9").contains(self) }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return isLetter || properties.numericType != nil
        }
    }
}

/// 64 bits of a text, the same on every machine.
///
/// Two of n different texts have the same ones with a probability of about n² / 2⁶⁵: 3e-8 for a million.
enum ContentHash {
    static func of(_ text: String, after start: UInt64 = 0) -> UInt64 {
        var text = text
        return text.withUTF8 { bytes in
            var hash = mixed(start ^ UInt64(bytes.count))
            var index = 0
            while index < bytes.count {
                var word: UInt64 = 0
                for byte in bytes[index..<min(index + 8, bytes.count)] {
                    word = word << 8 | UInt64(byte)
                }
                hash = mixed(hash ^ word)
                index += 8
            }
            return hash
        }
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var generator = SplitMix64(seed: value)
        return generator.next()
    }
}

/// Texts that must not be in the prepared text: test and validation sets.
public struct HeldOutTexts: Sendable {
    private var hashes: Set<UInt64> = []

    /// Holds nothing yet.
    public init() {}

    /// How many different ones there are.
    public var count: Int { hashes.count }

    /// Adds a line of either language; blank ones do not count.
    public mutating func insert(_ line: String) {
        let text = LineCleaning.cleaned(line)
        if !text.isEmpty { hashes.insert(ContentHash.of(text.folded)) }
    }

    /// Whether a side of a pair is one of them up to case, punctuation and blanks.
    func holds(_ pair: SentencePair) -> Bool {
        guard !hashes.isEmpty else { return false }
        return hashes.contains(ContentHash.of(pair.source.folded))
            || hashes.contains(ContentHash.of(pair.target.folded))
    }
}
