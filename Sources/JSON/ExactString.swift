/// A string whose equality and hash are those of its UTF-8 bytes.
///
/// `String` compares by canonical equivalence: "é" equals "e" + U+0301, and the Kelvin sign equals
/// "K". Member names, tensor names and vocabulary pieces are told apart by their code points, as
/// RFC 8259 §8.3 has it. Hashing and comparing cost O(bytes).
public struct ExactString: Hashable, Sendable {
    /// The text itself.
    public let text: String

    /// Wraps a text, unchanged.
    public init(_ text: String) {
        self.text = text
    }

    /// Whether both texts have the same UTF-8 bytes.
    public static func == (left: ExactString, right: ExactString) -> Bool {
        left.text.utf8.count == right.text.utf8.count
            && left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Feeds the UTF-8 bytes and a terminator that UTF-8 never contains.
    public func hash(into hasher: inout Hasher) {
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if isHashed == nil { Array(text.utf8).withUnsafeBytes { hasher.combine(bytes: $0) } }
        hasher.combine(0xFF as UInt8)
    }
}
