import JSON
import TestSupport
import Testing

@Suite("Shortlists, as people use them", .timeLimit(.minutes(10)))
struct ShortlistToolTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try Repository.listedModel() }

    @Test("translate, evaluate and bench use it where they are told to, and inspect names it")
    func used() throws {
        let model = ["--model", directory.path]
        let text = "Zwei Hunde spielen im Schnee."
        let inspected = try Run(["inspect"] + model)
        #expect(inspected.output.contains("shortlist.bin, the first 300 and at most 40"))
        let plain = try Run(["translate", "--policy", "full", "--json"] + model + [text])
        let listed = try Run(
            ["translate", "--policy", "full", "--json", "--shortlist"] + model + [text])
        #expect(plain.status == 0 && listed.status == 0, "\(listed.error)")
        #expect(!plain.output.contains(#""shortlist":{"inputs""#))
        #expect(listed.output.contains(#""shortlist":{"inputs":1,"candidates":"#))
        try directory.write(Array((text + "\n").utf8), to: "source")
        try directory.write(Array("Two dogs are playing.\n".utf8), to: "reference")
        let files = [directory.path + "/source", directory.path + "/reference"]
        let evaluated = try Run(
            ["evaluate", "--policy", "full", "--json", "--shortlist"] + model + files)
        let row = try #require(JSON.parse(Array(evaluated.output.utf8)).objectValue)
        #expect(try #require(row["average_candidates"]?.doubleValue) >= 304)
        #expect(try #require(row["compute_saved"]?.doubleValue) > 0.1)
        let benched = try Run(
            ["bench", "--policy", "full", "--json", "--shortlist", "--repeat", "1"] + model
                + ["--source", files[0]])
        let rows = try benched.output.split(separator: "\n").compactMap {
            try JSON.parse(Array($0.utf8)).objectValue
        }
        #expect(rows.map { $0["shortlist"] } == [.bool(false), .bool(true)])
        #expect(rows.map { $0["name"] } == [.string("full"), .string("full, shortlist")])
        #expect(try #require(rows.last?["operations"]?.doubleValue) < 0.9)
    }

    @Test("A model without one is refused, naming what it lacks")
    func missing() throws {
        let model = "models/multi30k-de-en"
        let texts = ["\(model)/sample.de", "\(model)/sample.en"]
        for (command, arguments) in [
            ("translate", ["Ein Hund."]), ("bench", []), ("evaluate", texts),
        ] {
            let run = try Run([command, "--model", model, "--shortlist"] + arguments)
            #expect(run.status == 64)
            #expect(run.error.contains("--shortlist needs shortlist.bin"), "\(run.error)")
        }
    }
}
