import Checkpoint
import JSON
import TestSupport
import Testing

@Suite struct ExitsConfigurationTests {
    @Test("Every field of exits.json is read")
    func complete() throws {
        var writer = CheckpointWriter()
        writer.files["exits.json"] = Array(
            """
            {"version": 1, "decoder_training": "mixed", "exit_classifiers": "separate",
             "policies": {
               "sequence": {"oracle": "likelihood", "lambda": 0.75},
               "token_geometric": {"oracle": "smoothed_correctness", "lambda": 0.1, "sigma": 1.0,
                                   "threshold": [0.25, 1]},
               "confidence": {"thresholds": [0.5, 0],
                 "profiles": {"quick": {"thresholds": [0.1, 0.2], "bleu": 38.5, "average_exit": 1.5},
                              "exact": {"thresholds": [1, 1]}}}},
             "alignment": {"heads": [[[1, 2]], [[1, 1], [2, 2]], [[3, 1]]]},
             "default_policy": "token_geometric"}
            """.utf8)
        let exits = try load(writer).exits
        #expect(exits.decoderTraining == .mixed)
        #expect(exits.classifiers == .separate)
        #expect(exits.heads[.sequence]?.oracle == .likelihood)
        #expect(exits.heads[.sequence]?.lambda == 0.75)
        #expect(exits.heads[.sequence]?.sigma == nil)
        #expect(exits.heads[.tokenGeometric]?.oracle == .smoothedCorrectness)
        #expect(exits.heads[.tokenMultinomial] == nil)
        #expect(exits.thresholds[.tokenGeometric] == [0.25, 1])
        #expect(exits.thresholds[.confidence] == [0.5, 0])
        #expect(exits.profiles.map(\.name) == ["quick", "exact"])
        #expect(exits.profile(named: "quick")?.bleu == 38.5)
        #expect(exits.profile(named: "quick")?.averageExit == 1.5)
        #expect(exits.profile(named: "exact")?.bleu == nil)
        #expect(exits.profile(named: "slow") == nil)
        #expect(exits.alignmentHeads?.map(\.count) == [1, 2, 1])
        #expect(exits.alignmentHeads?[1] == [.init(layer: 1, head: 1), .init(layer: 2, head: 2)])
        #expect(exits.defaultPolicy == .tokenGeometric)
    }

    @Test(
        "Heads of alignments are listed for every exit, within its layers, or not at all",
        arguments: [
            "1", "[]", "[[[1,1]],[[1,1]]]", "[[[1,1]],[[1,1]],[]]", "[[[1,1]],[[3,1]],[[1,1]]]",
            "[[[1,1]],[[1,0]],[[1,1]]]", "[[[1,9]],[[1,1]],[[1,1]]]", "[[[1]],[[1,1]],[[1,1]]]",
            "[[[1,1,1]],[[1,1]],[[1,1]]]", "[[1],[1],[1]]", "[[[1.5,1]],[[1,1]],[[1,1]]]",
        ])
    func alignmentHeads(text: String) {
        var writer = CheckpointWriter()
        writer.files["exits.json"] = Array(
            #"{"version":1,"alignment":{"heads":\#(text)}}"#.utf8)
        #expect { try load(writer) } throws: {
            ($0 as? CheckpointError)?.subject == "alignment.heads"
        }
    }

    @Test(
        "Without heads, or with null for them, an alignment uses all",
        arguments: ["{}", "null", #"{"heads":null}"#])
    func noAlignmentHeads(text: String) throws {
        var writer = CheckpointWriter()
        writer.files["exits.json"] = Array(#"{"version":1,"alignment":\#(text)}"#.utf8)
        #expect(try load(writer).exits.alignmentHeads == nil)
    }

    @Test(
        "An exits.json that does not add up is refused by its key",
        arguments: [
            ("{}", "version", .keyMissing), (#"{"version":2}"#, "version", .outOfRange),
            (#"{"version":1,"decoder_training":"x"}"#, "decoder_training", .unsupportedValue),
            (#"{"version":1,"exit_classifiers":"x"}"#, "exit_classifiers", .unsupportedValue),
            (#"{"version":1,"default_policy":"x"}"#, "default_policy", .unsupportedValue),
            (#"{"version":1,"default_policy":"fixed"}"#, "default_policy", .unsupportedValue),
            (#"{"version":1,"policies":[]}"#, "policies", .wrongType),
            (#"{"version":1,"policies":{"x":{}}}"#, "policies.x", .unsupportedValue),
            (#"{"version":1,"policies":{"full":{}}}"#, "policies.full", .unsupportedValue),
            (
                #"{"version":1,"policies":{"sequence":{"oracle":"x"}}}"#,
                "policies.sequence.oracle", .unsupportedValue
            ),
            (
                #"{"version":1,"policies":{"sequence":{"lambda":-1}}}"#,
                "policies.sequence.lambda", .outOfRange
            ),
            (
                #"{"version":1,"policies":{"token_geometric":{"threshold":1.5}}}"#,
                "policies.token_geometric.threshold", .outOfRange
            ),
            (
                #"{"version":1,"policies":{"confidence":{"thresholds":[0.5]}}}"#,
                "policies.confidence.thresholds", .outOfRange
            ),
            (
                #"{"version":1,"policies":{"confidence":{"thresholds":[0.5,-0.1]}}}"#,
                "policies.confidence.thresholds", .outOfRange
            ),
            (
                #"{"version":1,"policies":{"confidence":{"thresholds":["0.5",1]}}}"#,
                "policies.confidence.thresholds", .wrongType
            ),
            (
                #"{"version":1,"policies":{"confidence":{"profiles":{"a":{}}}}}"#,
                "policies.confidence.profiles.a.thresholds", .keyMissing
            ),
            (
                #"{"version":1,"policies":{"confidence":{"profiles":{"a":{"thresholds":[0,0],"bleu":101}}}}}"#,
                "policies.confidence.profiles.a.bleu", .outOfRange
            ),
        ] as [(String, String, CheckpointError.Code)])
    func refusals(text: String, subject: String, code: CheckpointError.Code) throws {
        let error = try fault { $0.files["exits.json"] = Array(text.utf8) }
        #expect(error?.code == code)
        #expect(error?.subject == subject)
        #expect(error?.file == "exits.json")
    }

    @Test("A decoder of one layer has no thresholds")
    func oneLayer() throws {
        var options = CheckpointWriter.Options()
        options.decoderLayers = 1
        let exits = try load(CheckpointWriter(options)).exits
        #expect(exits.thresholds[.confidence] == [])
        #expect(exits.thresholds[.tokenGeometric] == [])
    }
}
