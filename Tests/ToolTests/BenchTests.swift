import JSON
import TestSupport
import Testing

extension Run {
    /// `shoal bench --json` on the shipped model, one round.
    fileprivate static func bench(_ options: String...) throws -> [JSONObject] {
        let run = try Run(
            ["bench", "--model", "models/multi30k-de-en", "--json", "--repeat", "1"] + options)
        return try run.output.split(separator: "\n").compactMap {
            try JSON.parse(Array($0.utf8)).objectValue
        }
    }
}

@Suite("shoal bench, as people run it")
struct BenchTests {
    @Test(
        "Every setting is a row with its cost beside full depth, alone and under load",
        arguments: [1, 3])
    func rows(inFlight: Int) throws {
        let rows = try Run.bench(
            "--limit", "2", "--fixed-length", "4", "--in-flight", "\(inFlight)",
            "--policy", "full", "--policy", "fixed:layer=2",
            "--policy", "confidence:threshold=0.5,max_layer=2")
        #expect(
            rows.compactMap { $0["name"]?.stringValue } == [
                "full", "fixed:layer=2", "confidence:threshold=0.5,max_layer=2",
            ])
        // Two for each place in flight, in whole passes.
        let sentences: Int64 = inFlight == 1 ? 2 : 6
        for row in rows {
            #expect(row["in_flight"]?.integerValue == Int64(inFlight))
            #expect(row["sentences"]?.integerValue == sentences)
            #expect(row["tokens"]?.integerValue == 4 * sentences)
            #expect(row["round_seconds"]?.arrayValue?.count == 1)
            #expect(row["encoder_operations_per_token"]?.doubleValue ?? 0 > 0)
            for key in ["tokens_per_second", "sentences_per_second", "p50_ms", "p99_ms", "time"] {
                #expect(try #require(row[key]?.doubleValue) > 0)
            }
        }
        #expect(rows[0]["time"]?.doubleValue == 1)
        #expect(rows[0]["operations"]?.doubleValue == 1)
        #expect(rows[0]["kept"]?.isNull == true)
        #expect(rows[1]["average_exit_layer"]?.doubleValue == 2)
        #expect(rows[1]["operations"]?.doubleValue ?? 1 < 1)
        #expect(rows[1]["kept"]?.doubleValue != nil)
    }

    @Test("Without full depth there is nothing to hold the time against")
    func alone() throws {
        let rows = try Run.bench(
            "--limit", "1", "--policy", "fixed:layer=1", "--precision", "int8")
        #expect(rows.count == 1)
        #expect(rows[0]["precision"]?.stringValue == "int8")
        #expect(rows[0]["time"]?.isNull == true && rows[0]["kept"]?.isNull == true)
    }

    @Test("The table has a line for every policy that the checkpoint has heads for")
    func table() throws {
        let run = try Run(
            "bench", "--model", "models/multi30k-de-en", "--repeat", "1", "--limit", "1")
        #expect(run.status == 0)
        #expect(run.output.contains("1 sentences × 1, 1 in flight, 1 thread, beam 1"))
        for name in ["full", "sequence", "token_multinomial", "token_geometric", "confidence"] {
            #expect(run.output.contains("\n\(name) "))
        }
    }

    @Test(
        "A setting that cannot be is refused with what would be right",
        arguments: [
            (["--in-flight", "0"], "--threads and --fixed-length must be 1 to"),
            (["--workers", "2"], "--workers goes with more than one"),
            (["--policy", "confident"], "no policy is called confident; there are full, fixed"),
            (["--policy", "fixed:layer=7"], "must be 1 to 6"),
            (["--fixed-length", "3", "--max-output-tokens", "4"], "give one or the others"),
        ] as [([String], String)])
    func refusals(options: [String], text: String) throws {
        let run = try Run(["bench", "--model", "models/multi30k-de-en"] + options)
        #expect(run.status == 64)
        #expect(run.error.contains(text))
    }

    @Test("A sentence longer than the model's positions ends with 65")
    func tooLong() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            Array(String(repeating: "Hund ", count: 400).utf8), to: "source")
        let run = try Run(
            "bench", "--model", "models/multi30k-de-en", "--source", directory.path + "/source")
        #expect(run.status == 65)
        #expect(run.error.contains("256 positions"))
    }
}
