import Checkpoint
import Decoding
import JSON
import TestSupport
import Testing
import Tokenization
import TranslationModel

/// Models of many languages, against transformers' own tokenizers and search (Tests/Golden/languages/make.py).
@Suite("Models of many languages, against transformers", .timeLimit(.minutes(10)))
struct LanguageTokenTests {
    static let families = ["m2m_100", "nllb", "mbart", "mbart50"]

    @Test(
        "Texts have their ids, and outputs with the forced token of the target are the same, greedy and with a beam",
        arguments: families)
    func outputs(family: String) throws {
        let folder = "Tests/Golden/languages/\(family)"
        let checkpoint = try Checkpoint(directory: Repository.path(folder))
        let model = try TranslationModel(checkpoint)
        let cases = try #require(
            JSON.parse(Repository.bytes("\(folder)/outputs.json")).arrayValue)
        for value in cases {
            let object = try #require(value.objectValue)
            func text(_ key: String) throws -> String { try #require(object[key]?.stringValue) }
            func ids(_ key: String) -> [Int] {
                (object[key]?.arrayValue ?? []).compactMap { $0.integerValue.map { Int($0) } }
            }
            let tokenizer = try Tokenizer(
                checkpoint, languages: (try text("source"), try text("target")))
            let source = tokenizer.encode(try text("text"))
            #expect(source == ids("ids"))
            var options = DecodingOptions(
                exit: ExitRule(.full, layerCount: model.decoderLayerCount))
            options.beamSize = Int(try #require(object["beam"]?.integerValue))
            options.prefix = tokenizer.targetPrefix
            let result = try decodeTogether([source], options, model)[0]
            let tokens = try #require(result.hypotheses.first).tokens.map(\.id)
            #expect(tokens == ids("tokens"))
            // transformers shows unknown text, and languages amid an output, in another way, and takes blanks from the ends.
            let others = checkpoint.tokenizer.languageTokens.compactMap {
                checkpoint.targetVocabulary.id(of: $0.piece)
            }
            if !tokens.contains(where: (others + [3]).contains) {
                let decoded = tokenizer.decode(tokens)
                #expect(
                    decoded.drop { $0 == " " } == (try text("output"))
                        + decoded.reversed().prefix { $0 == " " })
            }
        }
    }

    @Test(
        "A forced token counts in no result, in whatever company it is decoded, and leaves at the exit of all"
    )
    func prefix() throws {
        let folder = "Tests/Golden/languages/nllb"
        let checkpoint = try Checkpoint(directory: Repository.path(folder))
        let model = try TranslationModel(checkpoint)
        let tokenizer = try Tokenizer(checkpoint, languages: ("deu_Latn", "eng_Latn"))
        let source = tokenizer.encode("dafe")
        for layer in 1...3 {
            var forced = DecodingOptions(
                exit: ExitRule(.fixed, .init(layer: layer), layerCount: 3))
            forced.prefix = tokenizer.targetPrefix
            forced.minimumTokens = 2
            forced.aligns = true
            forced.sourcePieces = tokenizer.pieces(of: source)
            var free = forced
            free.prefix = []
            let decoder = BatchDecoder(model: model)
            let state = model.encode([source], scratch: EncoderScratch(for: model))[0]
            let tickets = [forced, free, forced].map {
                decoder.add(source: state, options: $0, reportsTokens: true)
            }
            var reported: [Int: [DecodedToken]] = [:]
            var results: [Int: Hypothesis] = [:]
            while decoder.sentenceCount > 0 {
                for (ticket, result) in decoder.advance() {
                    results[ticket] = try result.get().hypotheses[0]
                }
                for (ticket, token) in decoder.newTokens {
                    reported[ticket, default: []].append(token)
                }
            }
            let alone = try decodeTogether([source], forced, model)[0].hypotheses[0]
            for ticket in [tickets[0], tickets[2]] {
                let result = try #require(results[ticket])
                #expect(result == alone)
                #expect(result.tokens.allSatisfy { $0.exitLayer == layer })
                #expect(result.alignment?.count == result.tokens.count)
                #expect(reported[ticket] == result.tokens)
                #expect(result.alignment?.allSatisfy { $0 > 0 || $0 == source.count - 1 } == true)
            }
        }
    }
}
