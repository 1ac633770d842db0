/// The value of a field that lists alternatives with weights (RFC 9110 §12.4.2).
struct WeightedList {
    /// One alternative.
    struct Item: Equatable {
        /// In lower case, without parameters.
        let name: String
        /// q, 0 to 1; 1 where it is not given.
        let weight: Double
    }

    /// In their order; those whose weight is malformed are left out.
    let items: [Item]

    /// Reads a field's value.
    init(_ value: String) {
        items = Self.split(value, at: UInt8(ascii: ",")).compactMap { part in
            let parts = Self.split(part, at: UInt8(ascii: ";")).map { $0.lowercased() }
            guard let name = parts.first, !name.isEmpty else { return nil }
            guard let q = parts.dropFirst().first(where: { $0.hasPrefix("q=") }) else {
                return Item(name: name, weight: 1)
            }
            return Self.weight(q.dropFirst(2)).map { Item(name: name, weight: $0) }
        }
    }

    /// The weight of a name; nil where it is not listed.
    func weight(of name: String) -> Double? { items.first { $0.name == name }?.weight }

    /// The parts between separators that stand in no quoted string, without blanks at their ends.
    private static func split(_ text: String, at separator: UInt8) -> [String] {
        var parts: [[UInt8]] = [[]]
        var isQuoted = false
        var isEscaped = false
        for byte in text.utf8 {
            if byte == separator, !isQuoted {
                parts.append([])
                continue
            }
            if byte == UInt8(ascii: "\""), !isEscaped { isQuoted.toggle() }
            isEscaped = isQuoted && byte == UInt8(ascii: "\\") && !isEscaped
            parts[parts.count - 1].append(byte)
        }
        return parts.map { String(decoding: $0.trimmingBlanks(), as: UTF8.self) }
    }

    /// At most three digits behind the point (RFC 9110 §12.4.2).
    private static func weight(_ text: Substring) -> Double? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let digits = parts.count == 2 ? Array(parts[1]) : []
        guard (1...2).contains(parts.count), digits.count <= 3,
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            parts[0].elementsEqual("0".utf8) || parts[0].elementsEqual("1".utf8),
            let value = Double(digits.isEmpty ? String(text.prefix(1)) : String(text)), value <= 1
        else { return nil }
        return value
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
