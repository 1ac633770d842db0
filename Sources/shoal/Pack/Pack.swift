import ArgumentParser
import Configuration
import Glibc
import System
import TranslationService

/// The command `shoal pack`.
struct Pack: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write packed weights in advance, so that the first start of a server maps them.",
        discussion: """
            `serve` does the same after its first start where it may write. This is for images and folders that are read-only later. \
            A pack is for one precision and, in int8 and int7, for processors like this one.

            Examples:
              shoal pack --model models/multi30k-de-en --precision int8
              shoal pack --pack-cache /var/cache/shoal
            """)

    @OptionGroup var model: ModelOption
    @OptionGroup var packs: PackOption

    func run() throws {
        try Failure.reporting {
            let place = try packs.place()
            let fault = Lock<String?>(nil)
            let store = PackStore(place) { event in
                if case .unwritable(_, let reason) = event { fault.withLock { $0 = reason } }
            }
            guard let store else {
                throw Failure("packed weights are off: say where with --pack-cache", code: EX_USAGE)
            }
            let served = try model.load(packs: store)
            store.begin()
            store.finish()
            if let reason = fault.withLock({ $0 }) { throw Failure(reason, code: EX_CANTCREAT) }
            switch store.look(at: served) {
            case .usable(let path, let bytes): writeMessage("\(path), \(bytes) bytes")
            case .absent:
                throw Failure(
                    "\(served.id) is unpacked in memory: import it first", code: EX_DATAERR)
            case .unusable(let path, let reason):
                throw Failure("\(path): \(reason)", code: EX_CANTCREAT)
            }
        }
    }
}
