import Foundation
import TestSupport
import Testing

@Suite("shoal plot, as people run it")
struct PlotTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    /// The path of a file with this content.
    private func file(_ content: String, _ name: String = "rows.jsonl") throws -> String {
        try directory.write(Array(content.utf8), to: name)
        return directory.path + "/" + name
    }

    private let log = """
        {"event":"start","seed":1}
        {"event":"step","step":1,"epoch":0.1,"loss":8.5,"exit_losses":[8,9]}
        {"event":"step","step":2,"loss":null}

        {"event":"step","step":3,"loss":6}
        {"event":"validation","step":3,"loss":5,"exits":[{"exit":1,"loss":5.5},{"exit":2,"loss":5}]}
        {"event":"finish"}

        """

    private let results = """
        {"policy":"full","name":"full","bleu":36.9,"average_exit_layer":6.0,\
        "operations_per_token":200,"full_depth_operations_per_token":200}
        {"policy":"fixed","name":"fixed 1","bleu":32.9,"average_exit_layer":1.0,\
        "operations_per_token":60,"full_depth_operations_per_token":200}
        {"policy":"confidence","name":"confidence 0.9","bleu":36.6,"average_exit_layer":4.5,\
        "operations_per_token":340.0,"full_depth_operations_per_token":200}

        """

    @Test("A training log gives training and validation curves on standard output")
    func loss() throws {
        let run = try Run("plot", "loss", try file(log))
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("<svg "))
        #expect(run.output.hasSuffix("</svg>\n"))
        for name in ["training", "validation, exit 1", "validation, exit 2"] {
            #expect(run.output.contains(">\(name)</text>"))
        }
    }

    @Test("Where the steps of a log begin again, the last run is drawn, as if it were alone")
    func restarted() throws {
        let twice = try Run("plot", "loss", try file(log + log, "twice.jsonl"))
        #expect(twice.output == (try Run("plot", "loss", try file(log)).output))
        #expect(twice.error.contains("twice.jsonl: 2 runs; the last one is drawn"))
    }

    @Test("Several logs are told apart by file name")
    func severalLogs() throws {
        let run = try Run(
            "plot", "loss", try file(log, "aligned.jsonl"), try file(log, "mixed.jsonl"),
            "--title", "Aligned & mixed")
        #expect(run.output.contains(">aligned, training</text>"))
        #expect(run.output.contains(">mixed, validation, exit 2</text>"))
        #expect(run.output.contains(">Aligned &amp; mixed</text>"))
    }

    @Test("Results are drawn against the average exit or the operations, into a file")
    func quality() throws {
        let rows = try file(results)
        let output = try file("old", "chart.svg")
        let run = try Run(
            "plot", "quality", rows, "--against", "operations", "--output", output)
        #expect(run.status == 0)
        #expect(run.output.isEmpty)
        // The old chart is replaced, and nothing is left beside it.
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(files.sorted() == ["chart.svg", "rows.jsonl"])
        let svg = try String(contentsOfFile: output, encoding: .utf8)
        #expect(svg.hasPrefix("<svg "))
        #expect(svg.contains(">fixed depths</text>"))
        // 340 operations for full depth's 200 are 170 %: the axis ends at the next tick.
        #expect(svg.contains(">200</text>"))
        let exits = try Run("plot", "quality", rows)
        #expect(exits.output.contains(">average exit layer</text>"))
        #expect(exits.output.contains(">6</text>"))
    }

    @Test(
        "A file without what is to be drawn ends with 65, the place and what would be right",
        arguments: [
            ("loss", "", "rows.jsonl: no usable row; expected lines with"),
            ("quality", "\n\n", "rows.jsonl: no usable row; expected rows as shoal evaluate"),
            ("loss", "{\"event\":\"start\"}\n", "no usable row"),
            ("loss", "{\"event\":\"step\"}", "rows.jsonl:1: `loss` must be a number"),
            ("loss", "{\"event\":\"start\"}\n{\"a\":1,]}", "rows.jsonl:2: column 8: expected"),
            ("loss", "[1]", "rows.jsonl:1: expected a JSON object; found array"),
            ("loss", "{\"step\":1}", "rows.jsonl:1: `event` must be a string; found nothing"),
            (
                "loss", "{\"event\":\"validation\",\"step\":1,\"exits\":[{\"exit\":0}]}",
                "rows.jsonl:1: exits[0]: `exit` must be a layer"
            ),
            (
                "loss", "{\"event\":\"validation\",\"step\":1,\"exits\":2}",
                "`exits` must be an array; found integer"
            ),
            ("quality", "{\"policy\":\"full\"}", "rows.jsonl:1: `name` must be a string"),
            (
                "loss", "{\"event\":\"step\",\"step\":1,\"loss\":1e300}",
                "the axis “loss (nats per token)” cannot show values"
            ),
        ])
    func badRows(command: String, content: String, text: String) throws {
        let run = try Run("plot", command, try file(content))
        #expect(run.status == 65)
        #expect(run.error.contains(text))
        #expect(run.output.isEmpty)
    }

    @Test("A file that cannot be read ends with 66, and one that cannot be written with 73")
    func files() throws {
        let missing = try Run("plot", "loss", directory.path + "/none.jsonl")
        #expect(missing.status == 66)
        #expect(missing.error.contains("none.jsonl: No such file"))
        let unwritable = try Run(
            "plot", "loss", try file(log), "--output", directory.path + "/none/chart.svg")
        #expect(unwritable.status == 73)
        #expect(unwritable.error.contains("none/chart.svg: found No such file"))
        let occupied = try Run("plot", "loss", try file(log), "--output", directory.path)
        #expect(occupied.status == 73)
        #expect(occupied.error.contains("Is a directory"))
    }
}
