import TestSupport
import Testing

@Suite("shoal shortlist, as people run it", .timeLimit(.minutes(10)))
struct LearnShortlistTests {
    private let directory: TemporaryDirectory
    private let sample = Repository.path("models/multi30k-de-en/sample.de")

    init() throws { directory = try Repository.linkedModel(leavingOut: []) }

    private func run(_ arguments: [String]) throws -> Run {
        try Run(["shortlist", "--model", directory.path] + arguments)
    }

    @Test("What was learnt of sentences translates them as all ids do, with a tenth of these")
    func learns() throws {
        let run = try run([sample, "--check", sample, "--frequent", "50"])
        #expect(run.status == 0, "\(run.error)")
        let rows = run.output.split(separator: "\n")
        #expect(rows.first?.hasPrefix("best   candidates   of all ids") == true)
        #expect(rows.count == 7)
        #expect(rows.last?.contains("100.00 %") == true, "\(run.output)")
        func translations(_ arguments: String...) throws -> String {
            try Run(
                ["translate", "--policy", "full", "--model", directory.path, "--file", sample]
                    + arguments
            ).output
        }
        #expect(try translations("--shortlist") == translations())
        let inspected = try Run(["inspect", "--model", directory.path])
        #expect(inspected.output.contains("shortlist         shortlist.bin"))
    }

    @Test("Without sentences to check by, every hundredth measures")
    func heldOut() throws {
        let line = "Ein Mann liest ein Buch.\n"
        try directory.write(Array(String(repeating: line, count: 200).utf8), to: "text")
        let run = try run([directory.path + "/text", "--dry-run", "--best", "7"])
        #expect(run.status == 0, "\(run.error)")
        #expect(run.output.contains("\n7 "))
        #expect(!directory.names(in: "").contains("shortlist.bin"))
    }

    @Test("What cannot be read or learnt from is refused by its name, and nothing is written")
    func refusals() throws {
        try directory.write(Array("\n \n".utf8), to: "blank")
        try directory.write(Array("Ein Hund.\n".utf8), to: "one")
        for (arguments, status, message) in [
            ([directory.path + "/none"], 66, "/none"),
            ([directory.path + "/blank"], 65, "blank: no sentence to translate"),
            ([directory.path + "/one"], 65, "one: too few sentences"),
            (
                [directory.path + "/one", "--check", directory.path + "/blank"], 65,
                "blank: no sent"
            ),
            ([sample, "--best", "0"], 64, "--best must be 1 to 10000"),
            ([sample, "--frequent", "-1"], 64, "--frequent"),
            ([], 64, "files"),
        ] {
            let run = try run(arguments)
            #expect(run.status == Int32(status), "\(arguments) \(run.error)")
            #expect(run.error.contains(message), "\(run.error)")
        }
        #expect(try Run(["shortlist", sample]).error.contains("--model"))
        #expect(!directory.names(in: "").contains("shortlist.bin"))
    }
}
