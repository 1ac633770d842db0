// The standard library has the algorithm and its tables, and keeps the name back.
@_spi(_Unicode) import Swift

extension String {
    /// The text in Normalization Form C (UAX #15): canonically equivalent, letters and marks composed.
    ///
    /// Takes time in proportion to the text; one without a character from U+0300 on is returned as it is.
    public var composed: String {
        // Such a character begins with 0xCC or more in UTF-8; all below are composed already.
        guard utf8.contains(where: { $0 >= 0xCC }) else { return self }
        var scalars = UnicodeScalarView()
        for scalar in _nfc { scalars.append(scalar) }
        return String(scalars)
    }
}
