import Checkpoint
import Configuration
import Glibc
import System

extension ServerSettings {
    /// The directories of all models that are to be served, that of the standard one first.
    ///
    /// - Throws: `Failure` where `model.directory` cannot be listed or holds no model.
    func modelPaths() throws(Failure) -> [String] {
        guard !modelsPath.isEmpty else { return [modelPath] }
        let names: [String]
        do {
            names =
                try FolderListing.folderNames(modelsPath)
                + FolderListing.fileNames(modelsPath).filter {
                    $0.hasSuffix(Checkpoint.packageSuffix)
                }
        } catch {
            throw Failure("\(error)", code: EX_NOINPUT)
        }
        let base = modelsPath.hasSuffix("/") ? modelsPath : modelsPath + "/"
        let own = modelPath == ServerSettings().modelPath ? [] : [modelPath]
        let others = names.map { base + $0 }.filter { path in
            Checkpoint.isOne(path) && !own.contains { Self.areSame($0, path) }
        }
        guard !(own + others).isEmpty else {
            throw Failure(
                "\(modelsPath): no subfolder holds a model (model.directory)", code: EX_NOINPUT)
        }
        return own + others
    }

    private static func areSame(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(one, &first) == 0, stat(other, &second) == 0 else { return one == other }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}
