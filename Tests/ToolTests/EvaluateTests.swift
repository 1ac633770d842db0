import JSON
import TestSupport
import Testing

/// Sentences with their translations at full depth as references.
private final class TestSet {
    private let directory: TemporaryDirectory
    private let model = "models/multi30k-de-en"

    init(sentences count: Int = 5) throws {
        directory = try TemporaryDirectory()
        let sentences = try Golden("own.json").cases[0].sentences.prefix(count)
        try write(sentences.map(\.text), "source")
        try write(sentences.map(\.translation), "reference")
    }

    func write(_ lines: [String], _ name: String) throws {
        try directory.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: name)
    }

    func evaluate(_ options: String...) throws -> Run { try evaluate(options) }

    func evaluate(_ options: [String]) throws -> Run {
        let files = ["source", "reference"].map { directory.path + "/" + $0 }
        return try Run(["evaluate", "--model", model] + files + options)
    }
}

extension Run {
    /// The objects of the output, one a line.
    fileprivate var rows: [JSONObject] {
        get throws {
            try output.split(separator: "\n").compactMap {
                try JSON.parse(Array($0.utf8)).objectValue
            }
        }
    }
}

@Suite("shoal evaluate, as people run it")
struct EvaluateTests {
    @Test("A translation against itself counts as 100 BLEU, and nothing is compared unasked")
    func evaluates() throws {
        let row = try #require(
            try TestSet().evaluate("--policy", "full", "--json").rows.first)
        #expect(abs((row["bleu"]?.doubleValue ?? 0) - 100) < 1e-9)
        #expect(row["name"]?.stringValue == "full")
        #expect(row["delta_full"]?.isNull == true)
        #expect(row["average_exit_layer"]?.doubleValue == 6)
        #expect(row["compute_saved"]?.doubleValue == 0)
    }

    @Test("--limit takes the first sentences, and files may hold more than any request")
    func limit() throws {
        let set = try TestSet()
        let row = try #require(
            try set.evaluate("--policy", "full", "--json", "--limit", "2").rows.first)
        #expect(row["exit_histogram"] != nil && row["bleu"]?.doubleValue ?? 0 > 99)
        #expect(try set.evaluate("--limit", "0").status == 64)
        // Blank lines, for the sake of time, of more bytes than a server's queue takes.
        let blank = String(repeating: " ", count: 1023)
        try set.write(Array(repeating: blank, count: 400) + ["Ein Hund."], "source")
        try set.write(Array(repeating: "", count: 400) + ["A dog."], "reference")
        let large = try set.evaluate("--policy", "fixed", "--layer", "1", "--json")
        #expect(large.status == 0, "\(large.error)")
    }

    @Test("A sentence that is too long ends with 65, the file and the line")
    func tooLong() throws {
        let set = try TestSet()
        try set.write(["Ein Hund.", String(repeating: "Hund ", count: 400)], "source")
        try set.write(["A dog.", "dogs"], "reference")
        let run = try set.evaluate("--policy", "full")
        #expect(run.status == 65)
        #expect(run.error.contains("source:2: more than 256 tokens"))
    }

    @Test("Files of different length end with 65 and both numbers")
    func unequal() throws {
        let set = try TestSet()
        try set.write(["one line"], "reference")
        let run = try set.evaluate()
        #expect(run.status == 65)
        #expect(run.error.contains("5 lines"))
    }

    @Test("Every setting has a row with its name, its cost and its comparison")
    func rules() throws {
        let run = try TestSet().evaluate(
            "--json", "--beam-size", "2", "--rule", "fixed:layer=2", "--rule",
            "confidence:threshold=0.9,0.8,0.7,0.6,0.5,max_layer=3", "--rule",
            "token_geometric:threshold=0.4")
        let rows = try run.rows
        #expect(
            rows.compactMap { $0["name"]?.stringValue } == [
                "fixed 2", "confidence 0.9,0.8,0.7,0.6,0.5, layers 1-3", "token_geometric 0.4",
            ])
        #expect(rows.compactMap { $0["policy"]?.stringValue }.first == "fixed")
        for row in rows {
            #expect(row["beam_size"]?.integerValue == 2)
            let counts = row["exit_histogram"]?.arrayValue?.compactMap(\.integerValue) ?? []
            #expect(counts.count == 6)
            #expect(counts.reduce(0, +) == row["target_tokens"]?.integerValue)
            let operations = row["operations_per_token"]?.doubleValue ?? 0
            let full = row["full_depth_operations_per_token"]?.doubleValue ?? 0
            let saved = row["compute_saved"]?.doubleValue ?? 0
            #expect(abs(1 - operations / full - saved) < 1e-9)
            #expect(try #require(row["delta_full"]?.doubleValue).isFinite)
            #expect(row["signature"]?.stringValue?.contains("tok:13a") == true)
        }
        // A fixed depth is the line; the others have an interval around their difference.
        #expect(rows.first?["delta_line"]?.isNull == true)
        for row in rows.dropFirst() {
            for line in ["delta_line", "delta_operations_line"] {
                let interval = row["\(line)_interval"]?.arrayValue?.compactMap(\.doubleValue)
                let difference = try #require(row[line]?.doubleValue)
                #expect(try #require(interval).count == 2)
                #expect(difference.isFinite)
            }
        }
    }

    @Test("A rule that leaves like a fixed depth has that depth's figures")
    func sharedDepths() throws {
        let rows = try TestSet(sentences: 3).evaluate(
            "--json", "--rule", "fixed:layer=3", "--rule", "full:max_layer=3"
        ).rows
        #expect(rows.count == 2)
        #expect(rows.first?["bleu"] == rows.last?["bleu"])
        #expect(rows.first?["delta_full"] == rows.last?["delta_full"])
        #expect(rows.last?["name"]?.stringValue == "full, layers 1-3")
    }

    @Test("Confidence asks candidates unless a rule says otherwise, and counts what it computes")
    func candidates() throws {
        let rows = try TestSet(sentences: 5).evaluate(
            "--json", "--rule", "confidence:threshold=0.6", "--rule",
            "confidence:threshold=0.6,candidates=0", "--rule",
            "confidence:threshold=0.6,candidates=64"
        ).rows
        #expect(
            rows.compactMap { $0["name"]?.stringValue } == [
                "confidence 0.6", "confidence 0.6, exact", "confidence 0.6, 64 candidates",
            ])
        let operations = rows.compactMap { $0["operations_per_token"]?.doubleValue }
        #expect(operations[0] < 0.95 * operations[1] && operations[2] < 0.95 * operations[1])
        for key in ["bleu", "exit_histogram"] { #expect(rows[0][key] == rows[1][key]) }
    }

    @Test(
        "Candidates that cannot be are refused with what would be right",
        arguments: [
            ("confidence:candidates=65", "must be 0 to 64; given 65"),
            ("full:candidates=8", "candidates goes with the policy confidence only"),
        ])
    func badCandidates(_ entry: (rule: String, text: String)) throws {
        let run = try TestSet(sentences: 1).evaluate("--rule", entry.rule)
        #expect(run.status == 64)
        #expect(run.error.contains(entry.text))
    }

    @Test("--policy all prints every policy, as text or in Markdown, with the comparisons")
    func table() throws {
        let set = try TestSet(sentences: 2)
        let text = try set.evaluate("--policy", "all")
        #expect(text.status == 0)
        #expect(text.output.contains("  Δ line by exits [95 %]  "))
        #expect(text.output.contains(" by operations [95 %]\n"))
        for name in ["full", "fixed 1", "fixed 5", "sequence", "token_multinomial"] {
            #expect(text.output.contains("\n\(name) "))
        }
        let markdown = try set.evaluate("--policy", "full", "--significance", "--markdown")
        #expect(
            markdown.output.contains(
                "| full | **100.00** | 100.00 | 6.000 | 0.0 % | 0.0 % | 0.00 | – | – |\n"))
    }

    @Test(
        "A setting that cannot be is refused with what would be right",
        arguments: [
            (["--rule", "confident"], "no policy is called confident; there are full, fixed"),
            (["--rule", "fixed:2"], "expected KEY=VALUE where there is “2”"),
            (["--rule", "fixed:layer=x"], "layer takes a whole number; given “x”"),
            (["--rule", "fixed:level=1"], "there is no key level; there are layer, threshold"),
            (["--rule", "fixed:layer=1,layer=2"], "layer is given twice"),
            (["--rule", "confidence:threshold=0.5,x"], "threshold takes numbers"),
            (["--rule", "fixed:layer=7"], "must be 1 to 6"),
            (["--rule", "full", "--policy", "full"], "--policy can only be all"),
            (["--rule", "full", "--layer", "2"], "put them into a --rule"),
            (["--policy", "all", "--threshold", "0.5"], "go with one policy"),
            (["--json", "--markdown"], "not both"),
        ] as [([String], String)])
    func refusals(options: [String], text: String) throws {
        let run = try Run(
            ["evaluate", "--model", "models/multi30k-de-en", "no-source", "no-reference"] + options)
        #expect(run.status == 64)
        #expect(run.error.contains(text))
    }

    @Test("Exits drawn from a seed and those of an oracle are rows beside the policies")
    func givenExits() throws {
        let options = [
            "--json", "--rule", "fixed:layer=1", "--random-exits", "7", "--oracle",
            "token/correctness:lambda=0.1", "--oracle", "sequence/likelihood:lambda=1000",
        ]
        let set = try TestSet()
        let rows = try set.evaluate(options).rows
        #expect(
            rows.compactMap { $0["name"]?.stringValue } == [
                "fixed 1", "random exits", "oracle token correctness λ 0.1",
                "oracle sequence likelihood λ 1000.0",
            ])
        let exits = rows.compactMap { $0["average_exit_layer"]?.doubleValue }
        #expect(exits[1] > 2 && exits[1] < 5)
        // A price that nothing is worth leaves one layer.
        #expect(exits[3] == 1 && rows[3]["bleu"] == rows[0]["bleu"])
        #expect(try set.evaluate(options).rows == rows)
    }

    @Test(
        "An oracle that does not exist ends with 64 and what there is",
        arguments: ["token", "word/likelihood", "token/agreement", "token/likelihood:mu=1"])
    func unknownOracle(_ oracle: String) throws {
        let run = try TestSet().evaluate(["--oracle", oracle])
        #expect(run.status == 64)
        #expect(run.error.contains("an oracle"))
    }
}
