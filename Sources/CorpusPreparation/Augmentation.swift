/// How a pair is made of others, so that what people send is nothing new to the model.
public enum Augmentation: String, Sendable, CaseIterable {
    /// All in lower case.
    case lower
    /// ALL IN CAPITALS.
    case upper
    /// Every Word With A Capital.
    case title
    /// Without the full stop at the end of both sides.
    case unstopped
    /// Several sentences, one after the other.
    case joined
    /// Another number where the same one stands on both sides.
    case number
    /// Another name where the same one stands on both sides.
    case name
    /// A placeholder of a program or an address where the same name or number stands on both sides.
    case placeholder
    /// A line that is copied as it is: a number, a name, a placeholder, an address.
    case copy
}

/// How much is added, and how.
public struct AugmentationOptions: Sendable, Equatable {
    /// For each kind the probability that a pair gets a copy of that kind, if it is fit for one.
    public var shares: [Augmentation: Double] = [
        .lower: 0.08, .upper: 0.05, .title: 0.04, .unstopped: 0.1, .joined: 0.06, .number: 1,
        .name: 0.15, .placeholder: 0.06, .copy: 0.005,
    ]
    /// Kinds of case whose target stays as it is.
    public var kindsKeepingTarget: Set<Augmentation> = [.lower]
    /// The share of copies in another case that lose the full stop, too.
    public var unstoppedCaseShare = 0.5
    /// Which sentences are joined.
    public var joinOrder = JoinOrder.random
    /// Words of joined sentences on each side, at most.
    public var joinedWords = 60
    /// What the draws follow from.
    public var seed: UInt64 = 1

    /// The usual shares.
    public init() {}

    /// Nothing is added.
    public static var none: AugmentationOptions {
        var options = AugmentationOptions()
        options.shares = [:]
        return options
    }

    /// Which sentences are joined.
    public enum JoinOrder: String, Sendable, CaseIterable {
        /// A sentence with some of the 1,024 before it, drawn.
        case random
        /// A sentence with those right before it in the same file: for texts whose sentences follow one another.
        case consecutive
    }
}
