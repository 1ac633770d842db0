/// Numbers with a unit or a currency.
enum Quantities {
    /// Units that may stand after a blank or at the number.
    private static let units: Set<String> = [
        "km", "cm", "mm", "µm", "μm", "nm", "dm", "m", "km²", "m²", "cm²", "mm²", "m³", "cm³", "ha",
        "km/h", "m/s", "mph", "km/s", "kg", "mg", "µg", "μg", "g", "t", "l", "L", "ml", "mL", "cl",
        "dl", "hl", "°C", "°F", "°", "K", "%", "‰", "€", "$", "£", "¥", "₽", "₴", "₹", "₩", "zł",
        "Kč", "EUR", "USD", "GBP", "CHF", "JPY", "CNY", "PLN", "CZK", "UAH", "RUB", "BRL", "kB",
        "KB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "Mbit/s", "Gbit/s", "Hz", "kHz",
        "MHz", "GHz", "W", "kW", "MW", "GW", "kWh", "MWh", "Wh", "V", "kV", "mV", "A", "mA", "Ah",
        "mAh", "Ω", "kΩ", "kJ", "MJ", "kcal", "Pa", "hPa", "kPa", "MPa", "bar", "dB", "dpi", "px",
        "pt", "ms", "µs", "μs", "ns", "lm", "lx", "ppm", "rpm", "mol", "mmol", "N", "J", "кг", "км",
        "см", "мм", "км/ч", "м/с", "мл", "кВт", "ГБ", "МБ",
    ]
    /// Single letters that are words in some language stand at the number only: "5 A" is none, "5A" is one.
    private static let tightOnly: Set<String> = ["A", "K", "N", "J", "V", "W", "t", "l", "s", "h"]
    private static let longest = 6

    /// The end of a number with its groups and decimals.
    static func numberEnd(_ scalars: [Unicode.Scalar], _ start: Int) -> Int {
        var index = start
        while index < scalars.count {
            if SpanScanner.isDigit(scalars[index]) {
                index += 1
            } else if groups(scalars[index]), index + 1 < scalars.count,
                SpanScanner.isDigit(scalars[index + 1])
            {
                index += 1
            } else {
                break
            }
        }
        return index
    }

    private static func groups(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case ".", ",", "'", "\u{2019}", "\u{202F}": true
        default: false
        }
    }

    /// The end of the unit after a number, with at most one blank between.
    static func unitEnd(_ scalars: [Unicode.Scalar], _ number: Int) -> Int? {
        let isParted = number < scalars.count && isThinBlank(scalars[number])
        let start = isParted ? number + 1 : number
        var end = start
        while end < min(scalars.count, start + longest + 1), isUnit(scalars[end]) { end += 1 }
        while end > start {
            let name = String(scalars[start..<end])
            let isWhole = end == scalars.count || !continues(scalars[end - 1], scalars[end])
            if isWhole, end - start <= longest, units.contains(name),
                !(isParted && tightOnly.contains(name))
            {
                return end
            }
            end -= 1
        }
        return nil
    }

    private static func isThinBlank(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case " ", "\u{A0}", "\u{202F}", "\u{2009}": true
        default: false
        }
    }

    private static func isUnit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "°", "%", "‰", "/", "²", "³", "$": true
        default:
            scalar.value >= 0x80
                && (scalar.properties.isAlphabetic
                    || scalar.properties.generalCategory == .currencySymbol)
        }
    }

    /// Whether the second scalar goes on with the word of the first.
    private static func continues(_ last: Unicode.Scalar, _ next: Unicode.Scalar) -> Bool {
        if next.properties.isAlphabetic || SpanScanner.isDigit(next) { return true }
        return (next == "²" || next == "³" || next == "/") && last.properties.isAlphabetic
    }

    /// Where a currency before the number begins, at most one blank away ("$5", "US$ 5"), or the number itself.
    static func currencyStart(_ scalars: [Unicode.Scalar], _ number: Int) -> Int {
        var start = number
        if start > 0, isThinBlank(scalars[start - 1]) { start -= 1 }
        guard start > 0, scalars[start - 1].properties.generalCategory == .currencySymbol else {
            return number
        }
        start -= 1
        while start > max(0, number - 6), ("A"..."Z").contains(scalars[start - 1]) { start -= 1 }
        return start
    }

    /// Where the sign of the number begins, if it has one that is not a hyphen of a word.
    static func signStart(_ scalars: [Unicode.Scalar], _ number: Int) -> Int {
        let start = currencyStart(scalars, number)
        guard start == number, number > 0,
            ["+", "-", "\u{2212}", "±"].contains(scalars[number - 1])
        else { return start }
        guard number > 1 else { return number - 1 }
        let before = scalars[number - 2]
        let opens = before.isBlank || SentenceBreakClass(before) == .close
        return opens ? number - 1 : number
    }
}
