import ArgumentParser
import Configuration
import Glibc
import TranslationService

/// Where a command finds or writes packed weights.
struct PackOption: ParsableArguments {
    @Option(
        name: .long,
        help:
            "Where packed weights are kept, as model.pack_cache says: \(PackPlace.range) (default: SHOAL_MODEL_PACK_CACHE, or beside).",
        completion: .directory)
    var packCache: String?

    /// The place that was named, by option or variable.
    func place() throws -> PackPlace {
        let key = "SHOAL_MODEL_PACK_CACHE"
        let variable = getenv(key).map { String(cString: $0) }
        guard let text = packCache ?? variable else { return .besideModel }
        guard let place = PackPlace(text) else {
            let name = packCache == nil ? key : "--pack-cache"
            throw ValidationError("\(name) must be \(PackPlace.range), not \"\(text)\".")
        }
        return place
    }
}
