import Digest
import Glibc

/// Where packed weights are kept on disk.
public enum PackPlace: Sendable, Equatable {
    /// Nowhere.
    case nowhere
    /// In the folder `.shoal` of the checkpoint's directory.
    case besideModel
    /// In a folder for all models, a subfolder each.
    case folder(String)

    /// What a place looks like as text, for people.
    public static let range = "beside, off, or a folder (a path with a slash)"

    /// Reads a place.
    ///
    /// - Parameter text: as `range` says; nil where it is something else.
    public init?(_ text: String) {
        switch text {
        case "off": self = .nowhere
        case "beside": self = .besideModel
        default:
            // A mistyped word is no folder of the working directory.
            guard text.contains("/"), !text.utf8.contains(0) else { return nil }
            self = .folder(text)
        }
    }

    /// The place as `init(_:)` reads it.
    public var text: String {
        switch self {
        case .nowhere: "off"
        case .besideModel: "beside"
        case .folder(let path): path
        }
    }

    /// The folder for the packs of a checkpoint.
    ///
    /// - Parameter directory: of the checkpoint.
    /// - Returns: a path that need not be there, or nil; that of a folder for all models follows from where the directory is, so that packs of
    ///   old weights are replaced by those of new ones.
    public func folder(for directory: String) -> String? {
        switch self {
        case .nowhere: return nil
        case .besideModel: return "\(directory)/.shoal"
        case .folder(let root):
            let path =
                realpath(directory, nil).map { resolved in
                    defer { free(resolved) }
                    return String(cString: resolved)
                } ?? directory
            let name = (path.split(separator: "/").last ?? "model").filter {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_")
            }
            let digits = String(XXH64.checksum(Array(path.utf8)), radix: 16)
            return "\(root)/\(name.prefix(64))-\(digits)"
        }
    }
}
