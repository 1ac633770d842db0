import Checkpoint
import TestSupport
import Testing
import Tokenization

@Suite("What a vocabulary knows of words", .timeLimit(.minutes(10)))
struct WordScoreTests {
    private func tokenizer(_ checkpoint: String = "models/multi30k-de-en") throws -> Tokenizer {
        try Tokenizer(Checkpoint(directory: Repository.path(checkpoint)))
    }

    /// From the Python package sentencepiece 0.2.3: the sum of `get_score` over `encode`.
    @Test(
        "A word's score is the sum of its pieces' log-probabilities",
        arguments: [
            ("Mann", -4.744875907897949), ("mann", -9.750354766845703),
            ("MANN", -36.50168514251709),
            ("Straße", -6.458066463470459), ("STRASSE", -59.54220676422119),
            ("Häuser", -10.697364807128906), ("xyzzy", -40.1280722618103), ("", 0),
        ])
    func score(word: String, expected: Double) throws {
        let score = try #require(try tokenizer().score(ofWord: word))
        #expect(abs(score - expected) < 1e-4)
    }

    @Test("A character without a piece counts 10 less than the worst piece")
    func unknown() throws {
        let tokenizer = try tokenizer()
        let worst = -11.461731910705566
        let (one, two) = (tokenizer.score(ofWord: "Mann中"), tokenizer.score(ofWord: "Mann中中"))
        let difference = try #require(one) - #require(two)
        #expect(abs(difference - (10 - worst)) < 1e-4)
    }

    @Test("A model of merges has no probabilities")
    func ranks() throws {
        #expect(try tokenizer("Tests/Golden/variants/bf16-banned-ids").score(ofWord: "Mann") == nil)
    }

    @Test("Pieces are known, unknown characters and those spelt in bytes are not")
    func knows() throws {
        for checkpoint in [
            "models/multi30k-de-en", "Tests/Golden/variants/bf16-banned-ids",
            "Tests/Golden/variants/swish-tied-unigram",
        ] {
            let tokenizer = try tokenizer(checkpoint)
            #expect(tokenizer.knows("Mann"))
            #expect(tokenizer.knows("ein Mann"))
            #expect(tokenizer.knows(""))
            #expect(!tokenizer.knows("中"))
            #expect(!tokenizer.knows("Mann 🙂"))
        }
    }
}
