/// The text under byte-pair encoding: for every unit its symbols so far, linked by position.
struct SymbolSequence {
    private static let none = -1

    private struct Element {
        var symbol: Int
        var previous: Int
        var next: Int
        /// Occurrences of the unit.
        var count: Int
    }

    private var elements: [Element] = []

    /// All positions there are, those of joined symbols among them.
    var positions: Range<Int> { elements.indices }

    /// Appends a unit, whose symbols have no neighbours outside it.
    mutating func append(_ symbols: [Int], count: Int) {
        let (first, last) = (elements.count, elements.count + symbols.count - 1)
        for (position, symbol) in zip(first..., symbols) {
            elements.append(
                Element(
                    symbol: symbol, previous: position == first ? Self.none : position - 1,
                    next: position == last ? Self.none : position + 1, count: count))
        }
    }

    /// The symbol that begins at `position`, or −1 where one was joined to its left neighbour.
    func symbol(at position: Int) -> Int { elements[position].symbol }

    /// How often the unit around `position` occurs.
    func count(at position: Int) -> Int { elements[position].count }

    /// Where the next symbol of the unit begins.
    func next(of position: Int) -> Int? { Self.position(elements[position].next) }

    /// Where the symbol before begins.
    func previous(of position: Int) -> Int? { Self.position(elements[position].previous) }

    private static func position(_ link: Int) -> Int? { link == none ? nil : link }

    /// Makes `symbol` of two neighbours; it begins where the left one did.
    mutating func join(_ left: Int, with right: Int, to symbol: Int) {
        let after = elements[right].next
        elements[left].symbol = symbol
        elements[left].next = after
        if after != Self.none { elements[after].previous = left }
        elements[right].symbol = Self.none
        elements[right].next = Self.none
    }
}
