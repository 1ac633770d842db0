import Checkpoint
import JSON
import TestSupport
import Testing

@Suite struct VocabularyTests {
    @Test(
        "A vocabulary that is not a bijection onto ids below V is refused by the piece",
        arguments: [
            (#"{"</s>":0,"<unk>":1,"a":1,"<pad>":23}"#, "a", .malformedVocabulary),
            (#"{"</s>":0,"<unk>":1,"a":24,"<pad>":23}"#, "a", .outOfRange),
            (#"{"</s>":0,"<unk>":1,"a":-1,"<pad>":23}"#, "a", .outOfRange),
            (#"{"</s>":0,"<unk>":1,"a":99999999999999999999,"<pad>":23}"#, "a", .wrongType),
            (#"{"</s>":0,"<unk>":1,"a":"2","<pad>":23}"#, "a", .wrongType),
            (#"{"<unk>":1,"<pad>":23}"#, "</s>", .malformedVocabulary),
            (#"{"</s>":0,"<pad>":23}"#, "<unk>", .malformedVocabulary),
            (#"{"</s>":0,"<unk>":1}"#, "<pad>", .malformedVocabulary),
            (#"["</s>","<unk>","<pad>"]"#, nil, .wrongType),
            (#"{"</s>":0,"<unk>":1,"a":2,"a":3,"<pad>":23}"#, nil, .malformedJSON),
        ] as [(String, String?, CheckpointError.Code)])
    func refusals(text: String, subject: String?, code: CheckpointError.Code) throws {
        let error = try fault { $0.files["vocab.json"] = Array(text.utf8) }
        #expect(error?.code == code)
        #expect(error?.subject == subject)
        #expect(error?.file == "vocab.json")
    }

    @Test("Pieces are looked up byte for byte and ids may lack a piece")
    func lookup() throws {
        var writer = CheckpointWriter()
        writer.files["vocab.json"] = Array(
            "{\"</s>\":0,\"<unk>\":1,\"é\":2,\"e\u{301}\":3,\"<pad>\":23}".utf8)
        let vocabulary = try load(writer).sourceVocabulary
        #expect(vocabulary.size == 24)
        #expect(vocabulary.id(of: "é") == 2)
        #expect(vocabulary.id(of: "e\u{301}") == 3)
        #expect(vocabulary.id(of: "f") == nil)
        #expect(vocabulary.piece(of: 4) == nil)
        #expect(vocabulary.piece(of: -1) == nil)
        #expect(vocabulary.piece(of: 24) == nil)
        #expect(vocabulary.unknownID == 1)
        #expect(vocabulary.padID == 23)
        #expect(vocabulary.endOfSentenceID == 0)
    }
}
