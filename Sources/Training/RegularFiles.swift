import Glibc
import System

/// The few things that a run does with files beside writing whole ones.
enum RegularFiles {
    /// Whether anything has the name; a link that leads nowhere is not nothing.
    static func exist(_ name: String, in directory: String) -> Bool {
        !RegularFile.isAbsent("\(directory)/\(name)")
    }

    static func delete(_ name: String, in directory: String) { unlink("\(directory)/\(name)") }
}
