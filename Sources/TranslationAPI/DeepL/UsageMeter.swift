import System

/// How many characters were translated for whom by DeepL's API since the server started.
final class UsageMeter: Sendable {
    /// What DeepL says of accounts without a limit.
    static let limit = 1_000_000_000_000

    /// By holders of keys; those without under the empty name, which no holder has.
    private let counts: Lock<[String: Int]> = Lock([:])

    /// Adds characters of texts that were translated.
    func add(_ characters: Int, for holder: String?) {
        counts.withLock { $0[holder ?? "", default: 0] += characters }
    }

    /// All characters of a holder.
    func characters(of holder: String?) -> Int { counts.withLock { $0[holder ?? ""] ?? 0 } }
}
