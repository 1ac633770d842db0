import ArgumentParser
import Glibc
import System

/// Tells a command that does not exist from arguments of one that does.
enum CommandNames {
    /// Ends the process with 64 and the nearest name where there is no such command.
    ///
    /// - Parameters:
    ///   - arguments: the process's, its own name first.
    ///   - root: what the commands belong to.
    static func refuseUnknown(_ arguments: [String], of root: any ParsableCommand.Type) {
        guard let fault = fault(arguments.dropFirst(), root) else { return }
        writeMessage(fault)
        exit(EX_USAGE)
    }

    /// What to say of a command that does not exist; nil where the first arguments are commands.
    private static func fault(
        _ arguments: ArraySlice<String>, _ root: any ParsableCommand.Type
    ) -> String? {
        var names = arguments.prefix { !$0.hasPrefix("-") }
        let isHelp = names.first == "help"
        if isHelp { names.removeFirst() }
        var command = root
        for name in names {
            let known = command.configuration.subcommands
            guard !known.isEmpty else { return nil }
            let commands = known.map { (name: Self.name($0), type: $0) }
            if let next = commands.first(where: { $0.name == name }) {
                command = next.type
                continue
            }
            let others = command == root ? ["help"] : []
            let near = (commands.map(\.name) + others).map {
                (name: $0, distance: editDistance($0, name))
            }
            .filter { 2 * $0.distance <= name.count }.min { $0.distance < $1.distance }
            let hint =
                near.map { "did you mean \($0.name)?" }
                ?? "there are \(commands.map(\.name).joined(separator: ", "))"
            return "there is no command \(name); \(hint)"
        }
        return nil
    }

    private static func name(_ command: any ParsableCommand.Type) -> String {
        command._commandName
    }
}
