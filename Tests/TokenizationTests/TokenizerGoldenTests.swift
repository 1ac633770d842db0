import Checkpoint
import TestSupport
import Testing
import Tokenization

@Suite("Text to ids and back, against the reference implementation")
struct TokenizerGoldenTests {
    @Test(
        "Source ids and translated texts are those of the golden files",
        arguments: [
            ("models/multi30k-de-en", "own.json"),
            ("Tests/Golden/variants/bf16-banned-ids", "variants/bf16-banned-ids.json"),
            ("Tests/Golden/variants/gelu-two-vocabularies", "variants/gelu-two-vocabularies.json"),
            ("Tests/Golden/variants/swish-tied-unigram", "variants/swish-tied-unigram.json"),
        ])
    func agreesWithGolden(_ entry: (checkpoint: String, file: String)) throws {
        let checkpoint = try Checkpoint(directory: Repository.path(entry.checkpoint))
        let tokenizer = try Tokenizer(checkpoint)
        for sentence in try Golden(entry.file).cases.flatMap(\.sentences) {
            #expect(tokenizer.encode(sentence.text) == sentence.sourceIDs, "\(sentence.text)")
            #expect(tokenizer.decode(sentence.targetIDs) == sentence.translation)
        }
    }

    @Test(
        "A text without pieces gives the end of sentence alone",
        arguments: ["", " ", "\t \u{3000}"])
    func blankTextHasNoPieces(_ text: String) throws {
        let tokenizer = try Tokenizer(Checkpoint(directory: Repository.model))
        #expect(!tokenizer.hasPieces(tokenizer.encode(text)))
    }

    @Test("A leading >>xx<< is looked up whole before segmentation")
    func languageCodeIsOnePiece() throws {
        let tokenizer = try Tokenizer(Checkpoint(directory: Repository.model))
        let plain = tokenizer.encode("ein Mann")
        #expect(tokenizer.encode(">>fr<<ein Mann") == [1] + plain, "not in the vocabulary: <unk>")
    }
}
