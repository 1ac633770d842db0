import Checkpoint
import Configuration
import Glibc
import System

extension ServerSettings {
    /// Whether there is one model, which needs no name in messages.
    var namesOneModel: Bool { models.isEmpty && modelsPath.isEmpty }

    /// All models that are to be served, the standard one first: that of `model.path` where it is set, those of `models`, those
    /// of `model.directory`.
    ///
    /// - Throws: `Failure` where `model.directory` cannot be listed, or where there is no model at all.
    func hostedModels() throws(Failure) -> [ModelSettings] {
        guard !namesOneModel else { return [ModelSettings(path: modelPath)] }
        let isDefault = modelPath == ServerSettings().modelPath
        let named =
            isDefault || models.contains { Self.areSame($0.path, modelPath) }
            ? models : [ModelSettings(path: modelPath)] + models
        let others = try pathsInDirectory().filter { path in
            !named.contains { Self.areSame($0.path, path) }
        }
        guard !(named.isEmpty && others.isEmpty) else {
            throw Failure(
                "\(modelsPath): no subfolder holds a model (model.directory)", code: EX_NOINPUT)
        }
        return named + others.map { ModelSettings(path: $0) }
    }

    /// The models in `model.directory`.
    private func pathsInDirectory() throws(Failure) -> [String] {
        guard !modelsPath.isEmpty else { return [] }
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
        return names.map { base + $0 }.filter { Checkpoint.isOne($0) }
    }

    private static func areSame(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(one, &first) == 0, stat(other, &second) == 0 else { return one == other }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}

/// The files of a model, as far as a checkpoint may have some.
enum ModelFiles {
    private static let most = 256

    /// The directory's files, or the package itself.
    static func paths(of model: String) -> [String] {
        guard let names = try? FolderListing.fileNames(model) else { return [model] }
        return names.prefix(most).map { "\(model)/\($0)" }
    }
}
