public import ArgumentParser
public import CorpusPreparation

extension Augmentation: ExpressibleByArgument {}
extension AugmentationOptions.JoinOrder: ExpressibleByArgument {}

/// What is added, as options.
struct AugmentationFlags: ParsableArguments {
    private static let usual = AugmentationOptions()

    @Flag(name: .long, help: "Add nothing.")
    var cleanOnly = false

    @Option(name: .long, help: "Share of pairs with a copy in lower case.")
    var lower = Self.share(.lower)

    @Option(name: .long, help: "Share of pairs with a copy in capitals.")
    var upper = Self.share(.upper)

    @Option(name: .long, help: "Share of pairs with a copy in which every word has a capital.")
    var title = Self.share(.title)

    @Option(
        name: .long,
        help:
            "Share of pairs with a copy without the full stop, of those that end with one on both sides."
    )
    var unstopped = Self.share(.unstopped)

    @Option(name: .long, help: "Share of pairs that also come behind other sentences, as one line.")
    var joined = Self.share(.joined)

    @Option(
        name: .long,
        help:
            "Share of pairs with a copy with another number, of those in which the same one stands on both sides."
    )
    var number = Self.share(.number)

    @Option(
        name: .long,
        help:
            "Share of pairs with a copy with another name, of those in which the same one stands on both sides."
    )
    var name = Self.share(.name)

    @Option(
        name: .long,
        help: """
            Share of pairs with a copy in which a placeholder or an address stands for a number or a name, of those in which the \
            same one stands on both sides.
            """)
    var placeholder = Self.share(.placeholder)

    @Option(
        name: .long,
        help:
            "Lines that are the same on both sides (numbers, placeholders, addresses), for each pair."
    )
    var copy = Self.share(.copy)

    @Option(
        name: .long,
        help: ArgumentHelp(
            """
            Copies of this kind (lower, upper, title) keep the target as it is; may be given again, none: all change both \
            sides (default: lower).
            """, valueName: "kind"))
    var keepTarget: [String] = []

    @Option(
        name: .long,
        help: "Sentences that are joined: drawn, or those right before in the same file.")
    var joinOrder = Self.usual.joinOrder

    @Option(name: .long, help: "Words of joined sentences on each side, at most.")
    var joinWords = Self.usual.joinedWords

    @Option(name: .long, help: "What all draws follow from.")
    var seed = Self.usual.seed

    private static func share(_ kind: Augmentation) -> Double { usual.shares[kind] ?? 0 }

    private static let casedKinds: [Augmentation] = [.lower, .upper, .title]

    private var shares: [Augmentation: Double] {
        [
            .lower: lower, .upper: upper, .title: title, .unstopped: unstopped, .joined: joined,
            .number: number, .name: name, .placeholder: placeholder, .copy: copy,
        ]
    }

    /// The options as the preparation takes them.
    var options: AugmentationOptions {
        var options = AugmentationOptions()
        options.shares = cleanOnly ? [:] : shares
        if !keepTarget.isEmpty {
            options.kindsKeepingTarget = Set(keepTarget.compactMap(Augmentation.init))
        }
        options.joinOrder = joinOrder
        options.joinedWords = joinWords
        options.seed = seed
        return options
    }

    func validate() throws {
        for (kind, share) in shares.sorted(by: { $0.key.rawValue < $1.key.rawValue })
        where !(0...1).contains(share) {
            throw ValidationError("--\(kind.rawValue) must be 0 to 1; given \(share)")
        }
        guard joinWords >= 2 else {
            throw ValidationError("--join-words must be 2 or more; given \(joinWords)")
        }
        let known = Self.casedKinds.map(\.rawValue) + ["none"]
        if let kind = keepTarget.first(where: { !known.contains($0) }) {
            throw ValidationError(
                "--keep-target must be \(known.joined(separator: ", ")); given \(kind)")
        }
        if keepTarget.contains("none"), keepTarget.count > 1 {
            throw ValidationError("--keep-target none goes with no other kind")
        }
    }
}
