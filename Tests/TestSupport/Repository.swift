import Foundation

/// Files of the repository that tests read.
public enum Repository {
    /// The path of a file, from the repository's root.
    public static func path(_ relative: String) -> String {
        URL(fileURLWithPath: "\(#filePath)").deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent(relative).path
    }

    /// The shipped checkpoint.
    public static let model = path("models/multi30k-de-en")

    /// A directory with links to the files of the checkpoint.
    ///
    /// - Parameter omitted: names of files that are left out, to be written there.
    /// - Returns: a directory that goes with its last user.
    /// - Throws: what the system says.
    public static func linkedModel(leavingOut omitted: Set<String>) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for name in try FileManager.default.contentsOfDirectory(atPath: model)
        where !omitted.contains(name) {
            try FileManager.default.createSymbolicLink(
                atPath: directory.path + "/" + name, withDestinationPath: model + "/" + name)
        }
        return directory
    }

    /// A copy of a folder of Tests/Golden that holds a network, without its exits; one that has no vocabulary gets another's.
    public static func copiedNetwork(_ name: String) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        let own = try names(in: "Tests/Golden/\(name)").filter {
            $0 != "exits.json" && $0 != "exits.safetensors"
        }
        if name.hasPrefix("families/") {
            for file in ["source.spm", "target.spm", "vocab.json"] {
                try directory.write(
                    bytes("Tests/Golden/variants/untied-projection/\(file)"), to: file)
            }
        }
        for file in own {
            try directory.write(bytes("Tests/Golden/\(name)/\(file)"), to: file)
        }
        return directory
    }

    /// The names of what lies in a folder, in order.
    public static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(folder)).sorted()
    }

    /// The bytes of a file.
    public static func bytes(_ relative: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(relative))))
    }
}
