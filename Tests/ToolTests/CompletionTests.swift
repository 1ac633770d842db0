import Foundation
import TestSupport
import Testing

@Suite("Completion scripts and the description for the manual", .timeLimit(.minutes(10)))
struct CompletionTests {
    /// The flag of every key in docs/configuration.md, without dashes in front, and the other flags.
    private var flags: [String] {
        get throws {
            let text = try String(
                decoding: Repository.bytes("docs/configuration.md"), as: UTF8.self)
            let keys = text.matches(of: /(?m)^\| `([a-z_.]+)`/).map { String($0.output.1) }
            return keys.map { $0.replacing(/[._]/, with: "-") }
                + ["config", "check-config", "print-config", "print-reference", "model", "port"]
        }
    }

    @Test(
        "The script of each shell knows every setting of serve", arguments: ["bash", "zsh", "fish"])
    func everySetting(_ shell: String) throws {
        let script = try Run("--generate-completion-script", shell).output
        #expect(try flags.count > 40)
        for flag in try flags {
            #expect(script.contains(shell == "fish" ? "-l '\(flag)'" : "--\(flag)"), "\(flag)")
        }
    }

    @Test(
        "bash offers settings, their values, and the flags that only look",
        arguments: [
            (["serve", "--compute-p"], "--compute-precision"),
            (["serve", "--compute-precision", ""], "float32 int7 int8"),
            (["serve", "--log-access", ""], "false true"),
            (["serve", "--exit-policy", "conf"], "confidence"),
            (["serve", "--port", "8080", "--ho"], "--host"),
            (["serve", "--model", "models/multi30k-d"], "models/multi30k-de-en"),
            (["serve", "--check"], "--check-config"),
            (["serv"], "serve"),
            (["translate", "--precision", ""], "float32 int7 int8"),
            (["translate", "--file", "config/s"], "config/server.yaml config/shoal.service"),
            (["evaluate", "config/h"], "config/haproxy.cfg"),
            (["health", "--config", "config/se"], "config/server.yaml"),
        ])
    func bash(_ words: [String], _ offered: String) throws {
        let script = try Run("--generate-completion-script", "bash").output
        let quoted = (["shoal"] + words).map { "'\($0)'" }.joined(separator: " ")
        let asking = """
            COMP_WORDS=(\(quoted)); COMP_CWORD=\(words.count); COMP_LINE="${COMP_WORDS[*]}"
            COMP_POINT=${#COMP_LINE}
            _shoal shoal "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let answer = try shell("bash", script + "\n" + asking)
        #expect(answer.split(separator: "\n").sorted().joined(separator: " ") == offered)
    }

    @Test("The description of the tool names each setting with its values, whatever the machine")
    func description() throws {
        let text = try Run("--experimental-dump-help").output
        for flag in try flags { #expect(text.contains("\"\(flag)\""), "\(flag)") }
        let workers = try #require(
            text.split(separator: "\n").first { $0.contains("Threads that translate") })
        #expect(workers.contains("(default: the processors). (1 to 1024)"))
    }

    /// What a shell prints when it runs a script in the root of the repository.
    private func shell(_ name: String, _ script: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/\(name)")
        process.arguments = ["--norc", "-c", script]
        process.currentDirectoryURL = URL(fileURLWithPath: Repository.path(""))
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
