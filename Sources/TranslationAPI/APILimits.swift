/// Bounds of a request that the server sets.
public struct APILimits: Sendable, Equatable {
    /// Texts in one request.
    public var maximumTexts = 64
    /// Code points in one text.
    public var maximumCharacters = 10_000
    /// Source tokens of one text, end of sentence included; never above the model's positions.
    public var maximumSourceTokens = 256
    /// Widest beam; at most 32, half of what one step can rank.
    public var maximumBeam = 8
    /// Bytes of a body after its content coding is undone.
    public var maximumInflatedBytes = 4 << 20
    /// Seconds for the whole request; `timeout_ms` may ask for less or more.
    public var timeout = 30.0

    /// The defaults of docs/configuration.md.
    public init() {}

    /// Widest beam that a server may be set to.
    public static let widestBeam = 32
}
