import Checkpoint
import JSON
import System
import TestSupport
import Testing
import Training

@Suite("A training run")
struct TrainingRunTests {
    /// What a run leaves behind.
    private struct Outcome: Equatable {
        let state: [UInt32]
        let log: [JSONObject]
        let embedding: [Float]

        init(_ fixture: RunFixture) throws {
            state = try fixture.state()
            log = try fixture.log()
            embedding = try fixture.checkpoint().weights.floats(
                named: "model.shared.weight", shape: [40, 16])
        }
    }

    private static func undisturbed() throws -> RunFixture {
        let fixture = try RunFixture()
        try fixture.run()
        return fixture
    }

    /// Of a run that nobody disturbed, made once for all tests.
    private static let expected = Result { try Outcome(undisturbed()) }

    @Test("tells and logs its steps, validations and end")
    func events() throws {
        let fixture = try Self.undisturbed()
        let lines = try fixture.lines()
        func steps(_ event: String) -> [Int64] {
            lines.filter { $0["event"]?.stringValue == event }
                .compactMap { $0["step"]?.integerValue }
        }
        #expect(steps("start") == [0])
        #expect(steps("step") == [3, 6, 9, 12, 13])
        #expect(steps("validation") == [4, 8, 12, 13])
        #expect(steps("finish") == [13])
        // Two snapshots are kept; validation 12 and 13 each put one out, which is saved at once.
        let saved = fixture.events.compactMap { event in
            if case .saved(let step) = event { step } else { nil }
        }
        #expect(saved == [5, 10, 12, 13, 13])
        let step = try #require(lines.first { $0["event"]?.stringValue == "step" })
        #expect(step["exit_losses"]?.arrayValue?.count == 3)
        #expect(step["seconds"]?.doubleValue == 1.5)
        for key in ["epoch", "loss", "learning_rate", "gradient_norm", "tokens_per_second"] {
            #expect((step[key]?.doubleValue ?? 0) > 0, "\(key)")
        }
    }

    @Test("keeps the best snapshots, whose mean is the model if it is better than the best")
    func snapshots() throws {
        let fixture = try Self.undisturbed()
        let snapshots = fixture.files().filter { $0.hasPrefix("snapshot-") }
        #expect(snapshots == ["snapshot-12.safetensors", "snapshot-13.safetensors"])
        let end = try #require(try fixture.lines().last)
        let averaged = end["averaged_steps"]?.arrayValue?.compactMap(\.integerValue) ?? []
        #expect(averaged.count == 2 || averaged.count == 1)
        let losses = try fixture.log(["validation"]).compactMap { $0["loss"]?.doubleValue }
        #expect(try #require(end["loss"]?.doubleValue) <= losses.min() ?? 0)
    }

    @Test(
        "that was interrupted and resumed is as one that was not",
        arguments: [1, 4, 5, 6, 7, 12])
    func interrupted(step: Int) throws {
        let fixture = try RunFixture()
        try fixture.run(last: step)
        try fixture.run(resuming: true)
        #expect(try Outcome(fixture) == Self.expected.get())
    }

    @Test("that was interrupted at every other step is as one that was not")
    func oftenInterrupted() throws {
        let fixture = try RunFixture()
        for step in stride(from: 2, through: 12, by: 2) {
            try fixture.run(resuming: step > 2, last: step)
        }
        try fixture.run(resuming: true)
        #expect(try Outcome(fixture) == Self.expected.get())
    }

    @Test(
        "that died loses the steps since the last save and nothing else",
        arguments: [6, 9, 12])
    func killed(step: Int) throws {
        let fixture = try RunFixture()
        #expect(throws: TrainingError.self) { try fixture.run(killed: step) }
        try fixture.run(resuming: true)
        #expect(try Outcome(fixture) == Self.expected.get())
    }

    @Test("goes on behind a log whose last line was cut off, at any byte", arguments: [0, 1, 40])
    func cutLog(count: Int) throws {
        let fixture = try RunFixture()
        try fixture.run(last: 6)
        let path = fixture.options.directory + "/log.jsonl"
        var bytes = try fixture.lines().flatMap {
            JSON.serialize(.object($0)) + [UInt8(ascii: "\n")]
        }
        // A line that was written in part, or all but its end.
        bytes += Array(#"{"event":"step","step":7,"epoch":0.5,"loss":1}"#.utf8.prefix(count))
        if count == 0 { bytes.removeLast() }
        try AtomicFile.write(bytes, to: path)
        try fixture.run(resuming: true)
        #expect(try Outcome(fixture) == Self.expected.get())
    }

    @Test("ends when the validation loss has not fallen for long enough")
    func patience() throws {
        let fixture = try RunFixture()
        fixture.training.learningRate.peak = 0
        fixture.options.patience = 2
        try fixture.run()
        let end = try #require(try fixture.lines().last)
        #expect(end["reason"]?.stringValue == "patience")
        #expect(end["step"]?.integerValue == 12)
        // Resumed, it has nothing to do.
        let trainer = try fixture.run(resuming: true)
        #expect(trainer.position.step == 12)
    }

    @Test("averages as many snapshots as it is told to when it goes on")
    func fewerSnapshots() throws {
        let fixture = try RunFixture()
        fixture.options.averaged = 3
        try fixture.run(last: 12)
        fixture.options.averaged = 1
        try fixture.run(resuming: true)
        #expect(fixture.files().count { $0.hasPrefix("snapshot-") } == 1)
    }

    @Test("ends with a checkpoint when it is interrupted before the first validation")
    func earlyEnd() throws {
        let fixture = try RunFixture()
        try fixture.run(last: 2)
        let end = try #require(try fixture.lines().last)
        #expect(end["reason"]?.stringValue == "interrupted")
        #expect(end["averaged_steps"]?.arrayValue?.compactMap(\.integerValue) == [2])
        let network = try #require(fixture.network)
        let shared = try #require(network.range("model.shared.weight"))
        let written = try fixture.checkpoint().weights.floats(
            named: "model.shared.weight", shape: [40, 16])
        #expect(written == Array(network.values[shared]))
    }
}
