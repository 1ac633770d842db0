/// The value of a field that lists alternatives with weights (RFC 9110 §12.4.2).
///
/// It is read so that what a client meant is found, also where it breaks the grammar: a client that writes
/// its wishes wrongly is to get an answer.
struct WeightedList {
    /// One alternative.
    struct Item: Equatable {
        /// In lower case, without parameters.
        let name: String
        /// q, 0 to 1; 1 where it is not given or cannot be read.
        var weight: Double
    }

    /// In their order; those without a name are left out.
    let items: [Item]

    /// Reads a field's value.
    init(_ value: String) {
        var items: [Item] = []
        var lastWeight = ""
        for part in Self.split(value, at: UInt8(ascii: ",")) {
            // Some write the decimal point of their country: `q=0,8`.
            if Self.isDecimal(part), ["0", "1"].contains(lastWeight), !items.isEmpty {
                items[items.count - 1].weight = Self.weight(lastWeight + "." + part)
                lastWeight = ""
                continue
            }
            let parts = Self.split(part, at: UInt8(ascii: ";"))
            lastWeight = parts.dropFirst().lazy.compactMap(Self.weightText).first ?? ""
            // Blanks end a name, so that a forgotten semicolon does no harm.
            let words = parts[0].lowercased().split { $0 == " " || $0 == "\t" }
            guard let name = words.first else { continue }
            items.append(Item(name: String(name), weight: Self.weight(lastWeight)))
        }
        self.items = items
    }

    /// The weight of a name, the highest where it comes twice; nil where it is not listed.
    func weight(of name: String) -> Double? {
        items.lazy.filter { $0.name == name }.map(\.weight).max()
    }

    /// The parts between separators that stand in no quoted string, without blanks at their ends; a
    /// quotation mark without its second is a character like any other.
    private static func split(
        _ text: String, at separator: UInt8, knowsQuotes: Bool = true
    ) -> [String] {
        var parts: [[UInt8]] = [[]]
        var isQuoted = false
        var isEscaped = false
        for byte in text.utf8 {
            if byte == separator, !isQuoted {
                parts.append([])
                continue
            }
            if byte == UInt8(ascii: "\""), !isEscaped, knowsQuotes { isQuoted.toggle() }
            isEscaped = isQuoted && byte == UInt8(ascii: "\\") && !isEscaped
            parts[parts.count - 1].append(byte)
        }
        if isQuoted { return split(text, at: separator, knowsQuotes: false) }
        return parts.map { String(decoding: $0.trimmingBlanks(), as: UTF8.self) }
    }

    /// What stands behind `q=`; nil for another parameter.
    private static func weightText(_ parameter: String) -> String? {
        let sides = parameter.split(separator: "=", maxSplits: 1)
        guard sides.count == 2, Self.trimmed(sides[0]).lowercased() == "q" else { return nil }
        let value = Self.trimmed(sides[1])
        return value.hasPrefix("\"") ? String(value.dropFirst().prefix { $0 != "\"" }) : value
    }

    /// A weight as it is meant: `.5` is 0.5, `2` is 1, what is no number is 1.
    private static func weight(_ text: String) -> Double {
        if text.hasPrefix("-") { return 0 }
        let digits = text.split(separator: ".", omittingEmptySubsequences: false)
        guard digits.count <= 2, digits.contains(where: { !$0.isEmpty }),
            digits.allSatisfy({ $0.isEmpty || isDecimal(String($0)) }),
            let value = Double("0" + text + (text.hasSuffix(".") ? "0" : ""))
        else { return 1 }
        return min(1, value)
    }

    private static func isDecimal(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(decoding: Array(text.utf8).trimmingBlanks(), as: UTF8.self)
    }
}

extension [UInt8] {
    /// Without spaces and tabs at both ends.
    func trimmingBlanks() -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        guard let first = firstIndex(where: { !isBlank($0) }),
            let last = lastIndex(where: { !isBlank($0) })
        else { return [] }
        return self[first...last]
    }
}
