import ArgumentParser
import Checkpoint
import Configuration
import Glibc
import TranslationService

extension ServedModel {
    /// Changes exits.json of the checkpoint.
    ///
    /// - Parameter change: changes the configuration and takes what it changed into the file.
    /// - Throws: `Failure` where the file cannot be read again or written.
    func changeExits(_ change: (inout ExitsConfiguration, inout ExitsFile) -> Void) throws {
        try Failure.writing { () throws(CheckpointError) in
            var exits = checkpoint.exits
            var file = try ExitsFile(checkpoint)
            change(&exits, &file)
            try file.write()
        }
    }

    /// Makes sure that the checkpoint has the head that a policy asks.
    ///
    /// - Throws: `Failure` that names the head.
    func requireHead(of policy: ExitPolicy) throws {
        guard let head = missingHead(policy) else { return }
        throw Failure(
            "\(policy.rawValue) needs \(head), which exits.safetensors of \(id) lacks",
            code: EX_DATAERR)
    }
}

extension ModelOption {
    /// Makes sure that a checkpoint which is to be changed was named: the default one is not changed by chance.
    ///
    /// - Parameter isChanged: whether the command writes to it.
    /// - Throws: `ValidationError`.
    func requireNamed(where isChanged: Bool) throws {
        guard !isChanged || named != nil else {
            throw ValidationError("Name the checkpoint to change with --model.")
        }
    }
}

extension Failure {
    /// Runs `body`, which writes to a checkpoint, and makes a command's end of what is wrong with that.
    static func writing<Value>(_ body: () throws(CheckpointError) -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw Failure(
                "\(error)", code: error.code == .fileUnwritable ? EX_CANTCREAT : EX_DATAERR)
        }
    }
}
