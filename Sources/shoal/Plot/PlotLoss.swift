import ArgumentParser
import Charts
import Configuration
import Glibc
import JSON

/// The command `shoal plot loss`.
struct PlotLoss: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loss",
        abstract: "Draw the losses of training logs over the steps.",
        discussion: """
            A log has a JSON object a line. Of those with "event": "step", `step` and `loss` are \
            drawn, as logged and as a moving average; of those with "event": "validation", `step` and \
            the `loss` of every element of `exits`, or `loss` where there are no exits. Other events \
            are left out, and so are losses that are null. Several logs are laid over each other. Where \
            the steps of a log begin again, what follows replaces what was there from that step on.

            Examples:
              shoal plot loss runs/aligned/log.jsonl --output loss.svg
              shoal plot loss runs/a/log.jsonl runs/b/log.jsonl --window 100 > loss.svg
            """)

    @Argument(help: "Training logs.", completion: .file())
    var logs: [String]

    @OptionGroup var chart: ChartFlags

    @Option(
        name: .long,
        help: """
            How many logged steps the moving average covers (default: a twentieth of a log's, at most 25).
            """)
    var window: Int?

    mutating func validate() throws {
        guard window ?? 1 > 0 else { throw ValidationError("--window must be at least 1.") }
    }

    func run() throws {
        try Failure.reporting {
            let runs = try zip(logs, legendNames(logs)).map { path, name in
                var curves = TrainingCurves(name: name)
                var restarts = 0
                for line in try JSONLine.read(path) {
                    restarts += try curves.add(line) ? 1 : 0
                }
                if restarts > 0 {
                    writeMessage("\(path): \(restarts + 1) runs; the last one is drawn")
                }
                return curves
            }
            try chart.write(
                .loss(runs, title: chart.title ?? "Training", window: window), from: logs,
                expected: "lines with \"event\": \"step\" or \"validation\" as training logs them")
        }
    }
}

extension TrainingCurves {
    /// Takes what a line of a log says about losses.
    ///
    /// - Returns: whether the steps begin again with it; what was there from its step on is gone then.
    fileprivate mutating func add(_ line: JSONLine) throws -> Bool {
        var isRestart = false
        switch try line.string("event") {
        case "step":
            guard let loss = try line.finiteNumber("loss") else { return false }
            let step = try line.number("step")
            if let last = training.last, step <= last.x {
                isRestart = true
                training.removeAll { $0.x >= step }
                validation = validation.map { $0.filter { $0.x < step } }
            }
            training.append(.init(step, loss))
        case "validation":
            let step = try line.number("step")
            validation = validation.map { $0.filter { $0.x < step } }
            for (exit, loss) in try Self.exitLosses(line) {
                while validation.count < exit { validation.append([]) }
                validation[exit - 1].append(.init(step, loss))
            }
        default: break
        }
        return isRestart
    }

    /// The validation losses with their exits; exit 1 alone where they are not told apart.
    private static func exitLosses(_ line: JSONLine) throws -> [(exit: Int, loss: Double)] {
        let exits = line.object["exits"]
        guard let elements = exits?.arrayValue, !elements.isEmpty else {
            guard exits == nil || exits?.isNull == true || exits?.arrayValue != nil else {
                throw line.missing("exits", "an array")
            }
            return try line.finiteNumber("loss").map { [(1, $0)] } ?? []
        }
        return try elements.enumerated().compactMap { index, element in
            guard let object = element.objectValue else {
                throw line.missing("exits", "an array of objects")
            }
            let place = "\(line.place): exits[\(index)]"
            let member = JSONLine(object: object, place: place)
            guard let exit = object["exit"]?.integerValue, (1...512).contains(exit) else {
                throw Failure("\(place): `exit` must be a layer, 1 to 512", code: EX_DATAERR)
            }
            return try member.finiteNumber("loss").map { (Int(exit), $0) }
        }
    }
}
