import ArgumentParser
import Checkpoint
import Configuration
import Glibc
import TranslationService

/// The command `shoal import`.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Write a checkpoint anew as one directory of safetensors, from any format that is read.",
        discussion: """
            All of the checkpoint is checked first, as `inspect` does. Small files are copied byte for byte, weights are \
            written to model.safetensors with the precision that they have, or in 16 bits. Exits stay as they are. Where TO has a checkpoint, \
            it is replaced as a whole.

            With --decoder-layers the first layers become a network of their own, without exits: a static one, which gives what the \
            policy fixed gives at that layer, in fewer bytes.

            Examples:
              shoal import opus-mt-de-en opus-de-en
              shoal import models/multi30k-de-en small --element-type float16
              shoal import models/multi30k-de-en static-2 --decoder-layers 2
            """)

    /// What matrices are stored as.
    enum StoredType: String, CaseIterable, ExpressibleByArgument {
        case float32
        case float16
        case bfloat16

        var elementType: ElementType {
            switch self {
            case .float32: .float32
            case .float16: .float16
            case .bfloat16: .bfloat16
            }
        }
    }

    @Argument(help: "The checkpoint's directory.", completion: .directory)
    var from: String

    @Argument(help: "The directory to write.", completion: .directory)
    var to: String

    @Option(
        name: .long,
        help:
            "Number format of the matrices in the file, rounded to the nearest; vectors keep theirs (default: each keeps its own)."
    )
    var elementType: StoredType?

    @Option(
        name: .long,
        help:
            "Layers of the decoder that are kept, the first ones; exits are left out (default: all, with exits)."
    )
    var decoderLayers: Int?

    func run() throws {
        try Failure.reporting {
            CleanInterruption.begin()
            let model = try ModelOption.load(from)
            let after = try Failure.writing { () throws(CheckpointError) in
                try model.checkpoint.write(
                    to: to, elementType: elementType?.elementType,
                    decoderLayers: decoderLayers)
                return try Checkpoint(directory: to)
            }
            let before = model.checkpoint
            writeMessage(
                "\(before.weights.file), \(Self.bytes(before)) bytes → \(to)/\(after.weights.file), \(Self.bytes(after)) bytes"
            )
        }
    }

    private static func bytes(_ checkpoint: Checkpoint) -> Int {
        checkpoint.files.reduce(0) { $0 + $1.byteCount }
    }
}
