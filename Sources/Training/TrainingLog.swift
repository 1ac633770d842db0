import Checkpoint
import JSON
import System

/// log.jsonl of a run: a JSON object a line, which `shoal plot` draws.
struct TrainingLog {
    let path: String

    /// Drops what lies behind a step: it will be trained, and logged, again.
    func cut(after step: Int) throws(CheckpointError) {
        let bytes = try CheckpointError.converting { () throws(FileError) in
            RegularFile.isAbsent(path) ? [] : try RegularFile.bytes(path, limit: .max)
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        let kept = lines.filter { line in
            guard let event = try? JSON.parse(Array(line)).objectValue else { return false }
            return event["step"]?.integerValue.map { $0 <= step } ?? true
        }
        let isWhole = bytes.isEmpty || bytes.last == UInt8(ascii: "\n")
        guard kept.count < lines.count || !isWhole else { return }
        try CheckpointError.converting { () throws(FileError) in
            try AtomicFile.write(kept.flatMap { $0 + [UInt8(ascii: "\n")] }, to: path)
        }
    }

    /// The step at which the latest start ended with its checkpoint written; nil where none did.
    func lastFinish() throws(CheckpointError) -> Int? {
        let bytes = try CheckpointError.converting { () throws(FileError) in
            RegularFile.isAbsent(path) ? [] : try RegularFile.bytes(path, limit: .max)
        }
        let last = bytes.split(separator: UInt8(ascii: "\n")).last
        guard let last, let event = try? JSON.parse(Array(last)).objectValue,
            event["event"]?.stringValue == "finish"
        else { return nil }
        return event["step"]?.integerValue.map { Int($0) }
    }

    func append(_ event: TrainingRun.Event) throws(CheckpointError) {
        guard let members = event.members else { return }
        let bytes = JSON.serialize(.object(JSONObject(members)))
        try CheckpointError.converting { () throws(FileError) in
            try FileWriting.append(bytes + [UInt8(ascii: "\n")], to: path)
        }
    }
}

extension TrainingRun.Event {
    /// The event as a line of the log; nil for those that are for people only.
    fileprivate var members: [JSONObject.Member]? {
        switch self {
        case .started(let step, let parameters):
            [
                .init("event", .string("start")), .init("step", .integer(Int64(step))),
                .init("parameters", .integer(Int64(parameters))),
            ]
        case .steps(let interval):
            [
                .init("event", .string("step")),
                .init("step", .integer(Int64(interval.last.step))),
                .init("epoch", .number(interval.last.epoch)),
                .init("loss", .number(interval.loss)),
                .init("exit_losses", .array(interval.exitLosses.map { .finite($0) })),
                .init("head_losses", .array(interval.headLosses.map { .finite($0) })),
                .init("learning_rate", .number(interval.last.rate)),
                .init("gradient_norm", .number(interval.last.gradientNorm)),
                .init("target_tokens", .integer(Int64(interval.targetTokens))),
                .init("seconds", .number(interval.seconds)),
                .init("tokens_per_second", .finite(interval.tokensPerSecond)),
            ]
        case .validated(let validation):
            [
                .init("event", .string("validation")),
                .init("step", .integer(Int64(validation.step))),
                .init("loss", .finite(validation.result.objective)),
                .init("cross_attention_focus", .finite(validation.result.meanCrossFocus)),
                .init("exits", .array(validation.exits)),
                .init("heads", .array(validation.heads)),
            ]
        case .saved, .nothingLeft: nil
        case .finished(let end):
            [
                .init("event", .string("finish")), .init("step", .integer(Int64(end.step))),
                .init("reason", .string(end.reason.rawValue)),
                .init("averaged_steps", .array(end.averaged.map { .integer(Int64($0)) })),
                .init("loss", .finite(end.loss)),
            ]
        }
    }
}

extension TrainingRun.Validation {
    fileprivate var exits: [JSONValue] {
        result.exits.enumerated().filter { $0.element.count > 0 }.map { index, exit in
            .object(
                JSONObject([
                    .init("exit", .integer(Int64(index + 1))),
                    .init("loss", .finite(exit.loss / Double(exit.count))),
                    .init("perplexity", .finite(exit.perplexity)),
                    .init("accuracy", .finite(exit.accuracy)),
                ]))
        }
    }

    fileprivate var heads: [JSONValue] {
        result.heads.indices.map { index in
            .object(
                JSONObject([
                    .init("loss", .finite(result.heads[index] / Double(result.targetTokens))),
                    .init(
                        "oracle_exit",
                        .finite(
                            Double(result.oracleExits[index])
                                / Double(result.oracleCounts[index]))),
                ]))
        }
    }
}

extension JSONValue {
    /// A number, or null where it is none.
    fileprivate static func finite(_ value: Double) -> JSONValue {
        value.isFinite ? .number(value) : .null
    }
}
