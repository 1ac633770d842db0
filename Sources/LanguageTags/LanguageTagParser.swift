/// Takes a language tag apart by the lengths of its subtags, as RFC 5646, section 2.1, has it.
struct LanguageTagParser {
    private var rest: ArraySlice<[UInt8]>

    init(_ text: String) {
        let bytes = text.utf8.map { byte in (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
        rest =
            bytes.split(omittingEmptySubsequences: false) { $0 == 0x2D || $0 == 0x5F }
            .map { Array($0) }[...]
    }

    mutating func parse() -> LanguageTag? {
        let isAlphanumeric = { (byte: UInt8) in Self.isLetter(byte) || Self.isDigit(byte) }
        guard rest.allSatisfy({ (1...8).contains($0.count) && $0.allSatisfy(isAlphanumeric) }),
            let first = take({ (2...8).contains($0.count) && $0.allSatisfy(Self.isLetter) })
        else { return nil }
        // Of a language with an extension the extension is the language: zh-yue is yue.
        var language = first
        for _ in 0..<3 where first.utf8.count < 4 {
            guard let extended = take({ $0.count == 3 && $0.allSatisfy(Self.isLetter) }) else {
                break
            }
            language = extended
        }
        let script = take { $0.count == 4 && $0.allSatisfy(Self.isLetter) }
        let region = take { bytes in
            bytes.count == 2 && bytes.allSatisfy(Self.isLetter)
                || bytes.count == 3 && bytes.allSatisfy(Self.isDigit)
        }
        guard let others = others() else { return nil }
        return LanguageAliases.canonical(
            language: language, script: script.map { $0.prefix(1).uppercased() + $0.dropFirst() },
            region: region?.uppercased(), others: others)
    }

    /// Variants, then extensions and private use, each a letter or digit with something after it.
    private mutating func others() -> [String]? {
        var others: [String] = []
        while let variant = take({ $0.count >= 5 || $0.count == 4 && Self.isDigit($0[0]) }) {
            guard !others.contains(variant) else { return nil }
            others.append(variant)
        }
        while let singleton = take({ $0.count == 1 }) {
            others.append(singleton)
            let isPrivate = singleton == "x"
            guard let first = take({ $0.count > 1 || isPrivate }) else { return nil }
            others.append(first)
            while let more = take({ $0.count > 1 || isPrivate }) { others.append(more) }
        }
        return rest.isEmpty ? others : nil
    }

    private mutating func take(_ isFitting: ([UInt8]) -> Bool) -> String? {
        guard let first = rest.first, isFitting(first) else { return nil }
        rest = rest.dropFirst()
        return String(decoding: first, as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
