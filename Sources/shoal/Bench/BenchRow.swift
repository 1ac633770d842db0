import Checkpoint
import Decoding
import Evaluation
import JSON
import Tensor
import TranslationModel
import TranslationService

/// What all rows of one run have in common.
struct BenchSetup {
    let sentences: [String]
    let rounds: Int
    let inFlight: Int
    /// Threads that translate.
    let threads: Int
    let beamSize: Int
    let precision: Precision

    /// A line above the table.
    var text: String {
        "instruction set \(InstructionSet.best), \(precision.rawValue), \(sentences.count) sentences × \(rounds), "
            + "\(inFlight) in flight, \(threads) thread\(threads == 1 ? "" : "s"), "
            + "beam \(beamSize); tokens with the end of sentence\n"
    }
}

/// The measurements of one policy.
struct BenchRow {
    let name: String
    let options: DecodingOptions
    let isFullDepth: Bool
    private let branchLayers: Int
    /// From source text or ids to target text, one for each sentence.
    private var latencies: [Double] = []
    /// Seconds of each round.
    private var rounds: [Double] = []
    private var tokens = 0
    private var layers = 0
    private var operations = OperationCount()
    private var encoderOperations = 0
    private var speculation: SpeculationCount?

    /// One translated sentence.
    struct Sample {
        let seconds: Double
        let tokens: [DecodedToken]
        let operations: OperationCount
        let encoderOperations: Int
        let speculation: SpeculationCount?
    }

    init(name: String, options: DecodingOptions, model: ServedModel) {
        self.name = name
        self.options = options
        branchLayers = model.branchLayerCount
        isFullDepth =
            options.exit.constantDepth == model.layerCount && !options.exit.policy.makesDrafts
            && !options.usesShortlist
    }

    /// Adds a sentence.
    mutating func add(_ sample: Sample) {
        latencies.append(sample.seconds)
        tokens += sample.tokens.count
        layers += sample.tokens.reduce(0) {
            $0 + ($1.exitLayer == 0 ? branchLayers : $1.exitLayer)
        }
        operations = operations + sample.operations
        encoderOperations += sample.encoderOperations
        if let count = sample.speculation { speculation = speculation.map { $0 + count } ?? count }
    }

    /// Closes a round that took so long.
    mutating func endRound(seconds: Double) { rounds.append(seconds) }

    /// Sentences, those of each round.
    var sentenceCount: Int { latencies.count }

    private var seconds: Double { rounds.reduce(0, +) }

    /// The latency in seconds that this share of the sentences stays within.
    private func latency(_ share: Double) -> Double {
        let sorted = latencies.sorted()
        return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }

    private var averageExit: Double { Double(layers) / Double(max(tokens, 1)) }

    /// Executed operations of the decoder as a share of full depth.
    private var operationShare: Double { operations.share }

    /// Median over rounds of the time as a share of full depth.
    private func timeShare(of full: BenchRow) -> Double {
        let shares = zip(rounds, full.rounds).map { $0 / $1 }.sorted()
        return (shares[(shares.count - 1) / 2] + shares[shares.count / 2]) / 2
    }

    /// The part of the saving in operations that shows in time; nil where there is none to show.
    private func kept(against full: BenchRow) -> Double? {
        operationShare < 1 ? (1 - timeShare(of: full)) / (1 - operationShare) : nil
    }
}

extension BenchRow {
    /// A table with a line for each row.
    static func table(_ rows: [BenchRow], against full: BenchRow?) -> String {
        let width = rows.reduce(16) { max($0, $1.name.count) }
        let header =
            "  tokens/s sentences/s    p50 ms    p99 ms   exit operations    time    kept\n"
        return rows.reduce("policy".padding(to: width) + header) {
            $0 + $1.name.padding(to: width) + $1.columns(against: full)
        }
    }

    private func columns(against full: BenchRow?) -> String {
        func percent(_ value: Double?, width: Int) -> String {
            let text = value.map { fixed(100 * $0, 1) + " %" } ?? "–"
            return String(repeating: " ", count: max(1, width - text.count)) + text
        }
        let columns = [
            fixed(Double(tokens) / seconds, 0, width: 10),
            fixed(Double(latencies.count) / seconds, 1, width: 12),
            fixed(1000 * latency(0.5), 3, width: 10), fixed(1000 * latency(0.99), 3, width: 10),
            fixed(averageExit, 2, width: 7), percent(operationShare, width: 11),
            percent(full.map { timeShare(of: $0) }, width: 8),
            percent(full.flatMap { kept(against: $0) }, width: 8),
        ]
        return columns.joined() + "\n"
    }

    /// The row as a line of JSON; null where there is nothing to hold it against.
    func line(against full: BenchRow?, _ setup: BenchSetup) -> String {
        func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        func ratio(_ a: Int, _ b: Int) -> Double { Double(a) / Double(max(b, 1)) }
        func perToken(_ value: Int) -> JSONValue {
            .number(Double(value) / Double(max(tokens, 1)))
        }
        let object = JSONObject([
            .init("policy", .string(options.exit.policy.rawValue)),
            .init("name", .string(name)), .init("in_flight", integer(setup.inFlight)),
            .init("threads", integer(setup.threads)), .init("beam_size", integer(setup.beamSize)),
            .init("precision", .string(setup.precision.rawValue)),
            .init("shortlist", .bool(options.usesShortlist)),
            .init("instruction_set", .string("\(InstructionSet.best)")),
            .init("sentences", integer(latencies.count)), .init("tokens", integer(tokens)),
            .init("round_seconds", .array(rounds.map { .number($0) })),
            .init("tokens_per_second", .number(Double(tokens) / seconds)),
            .init("sentences_per_second", .number(Double(latencies.count) / seconds)),
            .init("p50_ms", .number(1000 * latency(0.5))),
            .init("p99_ms", .number(1000 * latency(0.99))),
            .init("average_exit_layer", .number(averageExit)),
            .init("operations_per_token", perToken(operations.executed)),
            .init("full_depth_operations_per_token", perToken(operations.fullDepth)),
            .init("encoder_operations_per_token", perToken(encoderOperations)),
            .init("operations", .number(operationShare)),
            .init("time", number(full.map { timeShare(of: $0) })),
            .init("kept", number(full.flatMap { kept(against: $0) })),
            .init("tokens_per_pass", number(speculation.map { ratio(tokens, $0.passes) })),
            .init("accepted", number(speculation.map { ratio($0.accepted, $0.drafted) })),
            .init(
                "weight_bytes",
                number(speculation.map { ratio($0.weightBytes, $0.weightBytesFullDepth) })),
        ])
        return String(decoding: JSON.serialize(.object(object)), as: UTF8.self) + "\n"
    }
}
