import JSON
import TestSupport
import Testing
import TranslationAPI

/// The shipped model translates German to English.
@Suite("Languages of texts", .timeLimit(.minutes(10)))
struct SourceLanguageTests {
    private static let german =
        "Ein kleiner Junge spielt mit seinem Hund im Garten hinter dem Haus."
    private static let english =
        "A little boy is playing with his dog in the garden behind the house."
    private static let french =
        "Un petit garçon joue avec son chien dans le jardin derrière la maison."

    private func answer(_ server: TestServer, _ body: String) throws -> JSONObject {
        let response = try server.translate(body)
        #expect(response.status == 200, "\(response.text)")
        return try json(response)
    }

    private func translations(_ server: TestServer, _ body: String) throws -> [JSONObject] {
        try #require(answer(server, body)["translations"]?.arrayValue).compactMap(\.objectValue)
    }

    @Test(
        "A language is served however its tag is written",
        arguments: ["de", "DE", "de-DE", "de_AT", "deu", "ger", "de-CH-1901"])
    func tags(tag: String) throws {
        let server = try TestServer()
        let body = #"{"text":"Ein Hund.","source_lang":"\#(tag)","target_lang":"EN-gb"}"#
        #expect(try server.translate(body).status == 200)
        let shape = #"{"q":"Ein Hund.","source":"\#(tag)","target":"eng"}"#
        #expect(try server.translate(shape).status == 200)
        server.close()
    }

    @Test(
        "Another language than the model's is refused, and what is no tag",
        arguments: ["fr", "nds", "d", "de AT", "german"])
    func otherTags(tag: String) throws {
        let server = try TestServer()
        let response = try server.translate(#"{"text":"Ein Hund.","source_lang":"\#(tag)"}"#)
        #expect(response.status == 422)
        #expect(try json(response)["code"]?.stringValue == "unsupported_language_pair")
        server.close()
    }

    @Test("A text that is surely in another language is refused, with its name and what is served")
    func refused() throws {
        let server = try TestServer()
        for source in [
            "", #","source_lang":"auto""#, #","source_lang":null,"on_unsupported":"refuse""#,
        ] {
            let response = try server.translate(
                #"{"text":["\#(Self.german)","\#(Self.french)"]\#(source)}"#)
            #expect(response.status == 422)
            let fault = try #require(
                json(response)["errors"]?.arrayValue?.first?.objectValue, "\(response.text)")
            #expect(fault["pointer"]?.stringValue == "/text/1")
            let detail = try #require(fault["detail"]?.stringValue)
            #expect(detail.contains("French (fr)"))
            #expect(detail.contains("de to en"))
            #expect(!detail.contains("garçon"))
        }
        server.close()
    }

    @Test("A text in another language is answered as it is where the request says so")
    func copied() throws {
        let server = try TestServer()
        let all = try translations(
            server,
            #"{"text":["\#(Self.french)","\#(Self.german)"],"on_unsupported":"copy"}"#)
        #expect(all[0]["text"]?.stringValue == Self.french)
        #expect(all[0]["detected_language"]?.objectValue?["language"]?.stringValue == "fr")
        #expect(all[0]["exit_layers"]?.arrayValue?.isEmpty == true)
        #expect(all[1]["detected_language"] == nil)
        let alone = try translations(server, #"{"text":"\#(Self.german)","source_lang":"de"}"#)
        #expect(all[1]["text"] == alone[0]["text"])
        server.close()
    }

    @Test("A text whose language is said is translated whatever it is in")
    func said() throws {
        let server = try TestServer()
        let all = try translations(server, #"{"text":"\#(Self.french)","source_lang":"de"}"#)
        #expect(all[0]["detected_language"] == nil)
        server.close()
    }

    @Test(
        "Texts that do not tell their language are translated",
        arguments: ["Hallo", "OK", "12345", "", "Hund Ball", "a"])
    func unsure(text: String) throws {
        let server = try TestServer()
        let all = try translations(server, #"{"text":"\#(text)","source_lang":"auto"}"#)
        #expect(all.count == 1)
        server.close()
    }

    @Test("The language is answered where it is to be found, or asked for")
    func told() throws {
        let server = try TestServer()
        for more in [
            #""source_lang":"auto""#, #""include":["language"]"#,
            #""source_lang":"de","include":["language"]"#,
        ] {
            let all = try translations(server, #"{"text":["\#(Self.german)","123"],\#(more)}"#)
            let found = try #require(all[0]["detected_language"]?.objectValue)
            #expect(found["language"]?.stringValue == "de")
            #expect(found["confidence"]?.doubleValue.map { (0.9...1).contains($0) } == true)
            #expect(all[1]["detected_language"]?.isNull == true)
        }
        #expect(
            try translations(server, #"{"text":"\#(Self.german)"}"#)[0]["detected_language"] == nil)
        server.close()
    }

    @Test("Tags of HTML are in no language")
    func markup() throws {
        let server = try TestServer()
        let text =
            "<div class='the english words of the page'><b>Ein kleiner Junge spielt mit seinem Hund.</b></div>"
        let all = try translations(
            server, #"{"text":"\#(text)","format":"html","source_lang":"auto"}"#)
        #expect(all[0]["detected_language"]?.objectValue?["language"]?.stringValue == "de")
        server.close()
    }

    @Test(
        "LibreTranslate's auto answers the language, copies what needs no translation, and refuses others with 400"
    )
    func libreTranslate() throws {
        let server = try TestServer()
        let one = try answer(server, #"{"q":"\#(Self.german)","source":"auto","target":"en"}"#)
        let found = try #require(one["detectedLanguage"]?.objectValue)
        #expect(found["language"]?.stringValue == "de")
        #expect(found["confidence"]?.doubleValue.map { (90...100).contains($0) } == true)
        let two = try answer(
            server, #"{"q":["\#(Self.english)","\#(Self.german)"],"source":"auto","target":"en"}"#)
        #expect(two["translatedText"]?.arrayValue?[0].stringValue == Self.english)
        #expect(two["translatedText"]?.arrayValue?[1] == one["translatedText"])
        let languages = two["detectedLanguage"]?.arrayValue?.compactMap {
            $0.objectValue?["language"]?.stringValue
        }
        #expect(languages == ["en", "de"])
        let said = try answer(server, #"{"q":"\#(Self.german)","source":"de","target":"en"}"#)
        #expect(said["detectedLanguage"] == nil)
        let refused = try server.translate(
            #"{"q":"\#(Self.french)","source":"auto","target":"en"}"#)
        #expect(refused.status == 400)
        #expect(try json(refused)["error"]?.stringValue?.contains("French") == true)
        server.close()
    }

    @Test("LibreTranslate's /detect tells languages, the likeliest first")
    func detect() throws {
        let server = try TestServer()
        for (text, code) in [
            (Self.german, "de"), (Self.english, "en"), (Self.french, "fr"), ("これは本です。", "ja"),
        ] {
            let response = try server.post("/detect", #"{"q":"\#(text)"}"#)
            #expect(response.status == 200)
            let all = try #require(JSON.parse(response.body).arrayValue).compactMap(\.objectValue)
            #expect(all.first?["language"]?.stringValue == code)
            let confidences = all.compactMap { $0["confidence"]?.doubleValue }
            #expect(confidences == confidences.sorted(by: >))
            #expect(confidences.allSatisfy { (0...100).contains($0) })
        }
        let nothing = try JSON.parse(server.post("/detect", #"{"q":"123"}"#).body).arrayValue
        #expect(nothing?.first?.objectValue?["confidence"]?.doubleValue == 0)
        server.close()
    }

    @Test("DeepL's answer names the language of each text, and leaves other languages as they are")
    func deepL() throws {
        let server = try TestServer()
        let response = try server.post(
            "/v2/translate",
            #"{"text":["\#(Self.german)","\#(Self.english)","Hund"],"target_lang":"EN"}"#)
        #expect(response.status == 200)
        let all = try #require(json(response)["translations"]?.arrayValue).compactMap(\.objectValue)
        #expect(
            all.compactMap { $0["detected_source_language"]?.stringValue } == ["DE", "EN", "DE"])
        #expect(all[1]["text"]?.stringValue == Self.english)
        server.close()
    }
}
