import JSON
import TestSupport
import Testing
import TranslationAPI

private let formType = "application/x-www-form-urlencoded"

@Suite("DeepL's API", .timeLimit(.minutes(10)))
struct DeepLTests {
    private func translations(_ response: LoopbackClient.Response) throws -> [JSONObject] {
        try #require(json(response)["translations"]?.arrayValue).compactMap(\.objectValue)
    }

    @Test(
        "Texts come back in their order, as our own shape translates them, with the model's language"
    )
    func translates() throws {
        let server = try TestServer()
        let own = try json(server.translate(#"{"text":["Zwei Hunde.","Ein Mann."]}"#))
        let texts = try #require(own["translations"]?.arrayValue).map { $0.objectValue?["text"] }
        let answers = try [
            server.post(
                "/v2/translate", #"{"text":["Zwei Hunde.","Ein Mann."],"target_lang":"EN-US"}"#),
            server.post(
                "/v2/translate", "text=Zwei+Hunde.&text=Ein+Mann.&target_lang=EN", type: formType),
            server.ask(
                "GET", "/v2/translate?text=Zwei%20Hunde.&text=Ein%20Mann.&target_lang=en-gb"),
            server.ask(
                "POST", "/v2/translate?text=Zwei%20Hunde.&text=Ein%20Mann.&target_lang=en-gb"),
        ]
        for answer in answers {
            let read = try translations(answer)
            #expect(read.map { $0["text"] } == texts)
            #expect(read.map { $0["detected_source_language"] } == [.string("DE"), .string("DE")])
            #expect(read[0].members.count == 2)
        }
        server.close()
    }

    @Test(
        "Characters are billed as code points, and counted for who asked, once they are translated")
    func usage() throws {
        let server = try TestServer()
        let body = #"{"text":["Größe 😀","a"],"target_lang":"EN","show_billed_characters":true}"#
        let read = try translations(server.post("/v2/translate", body))
        #expect(read.map { $0["billed_characters"]?.integerValue } == [7, 1])
        _ = try server.post("/v2/translate", #"{"text":"a","target_lang":"FR"}"#)
        let usage = try json(server.ask("GET", "/v2/usage"))
        #expect(usage["character_count"]?.integerValue == 8)
        #expect(usage["character_limit"]?.integerValue == 1_000_000_000_000)
        server.close()
    }

    @Test("Who asks for quality gets all layers, and is told so")
    func modelTypes() throws {
        let server = try TestServer()
        let full = try json(
            server.translate(#"{"text":"Zwei Hunde spielen.","exit":{"policy":"full"}}"#))
        let text = full["translations"]?.arrayValue?.first?.objectValue?["text"]
        let read = try translations(
            server.post(
                "/v2/translate",
                #"{"text":"Zwei Hunde spielen.","target_lang":"EN","model_type":"prefer_quality_optimized"}"#
            ))
        #expect(read[0]["text"] == text)
        #expect(read[0]["model_type_used"] == .string("quality_optimized"))
        let fast = try translations(
            server.post(
                "/v2/translate",
                #"{"text":"Hund.","target_lang":"EN","model_type":"latency_optimized"}"#))
        #expect(fast[0]["model_type_used"] == .string("latency_optimized"))
        server.close()
    }

    @Test(
        "Tags are kept, those that are named are not translated, and sentences end where it is asked"
    )
    func markup() throws {
        let server = try TestServer()
        func translated(_ fields: String) throws -> JSONValue? {
            try translations(server.post("/v2/translate", "{\"target_lang\":\"EN\",\(fields)}"))[0][
                "text"]
        }
        let dog = try #require(translated(#""text":"Ein Hund.""#)?.stringValue)
        #expect(
            try translated(
                #""text":"<a>Ein Hund.</a><b>Ein Hund.</b>","tag_handling":"xml","ignore_tags":["b"]"#
            )
                == .string("<a>\(dog)</a><b>Ein Hund.</b>"))
        #expect(
            try translated(#""text":"<p>Ein Hund.</p>","tag_handling":"html""#)
                == .string("<p>\(dog)</p>"))
        let lines = try translated(#""text":"Zwei Hunde spielen\nim Schnee.""#)?.stringValue
        #expect(lines?.contains("\n") == true)
        let wrapped = try translated(
            #""text":"Zwei Hunde spielen\nim Schnee.","split_sentences":"nonewlines""#)
        #expect(
            wrapped?.stringValue?.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                == "Two dogs play in the snow.")
        server.close()
    }

    @Test("Options that cost nothing to honour are taken in every way that clients write them")
    func options() throws {
        let server = try TestServer()
        let plain = try translations(
            server.post("/v2/translate", #"{"text":"Hund.","target_lang":"EN"}"#))
        for fields in [
            #""split_sentences":"0","preserve_formatting":true"#,
            #""split_sentences":1,"preserve_formatting":"1","outline_detection":"0""#,
            #""split_sentences":"nonewlines","formality":"prefer_less","context":"Tiere""#,
            #""formality":"default","tag_handling_version":"v2","source_lang":"DE""#,
        ] {
            let body = "{\"text\":\"Hund.\",\"target_lang\":\"EN\",\(fields)}"
            #expect(try translations(server.post("/v2/translate", body)) == plain)
        }
        let form =
            "text=Hund.&target_lang=EN&split_sentences=nonewlines&preserve_formatting=1&ignore_tags=a,b"
        #expect(try translations(server.post("/v2/translate", form, type: formType)) == plain)
        server.close()
    }

    @Test(
        "Refusals have DeepL's statuses and its single member",
        arguments: [
            (#"{"text":"a"}"#, 400), (#"{"target_lang":"EN"}"#, 400),
            (#"{"text":"a","target_lang":"FR"}"#, 400), (#"{"text":5,"target_lang":"EN"}"#, 400),
            (#"{"text":"a","target_lang":"EN","formality":"more"}"#, 400),
            (#"{"text":"a","target_lang":"EN","split_sentences":"2"}"#, 400),
            (#"{"text":"a","target_lang":"EN","tag_handling":"sgml"}"#, 400),
            (#"{"text":"a","target_lang":"EN","glossary_id":"x"}"#, 400),
            (#"{"text":"a","target_lang":"EN","source_lang":"DE","glossary_id":"x"}"#, 404),
            (#"{"text":"a","target_lang":"EN","style_id":"x"}"#, 400), ("{", 400),
        ])
    func refusals(_ entry: (body: String, status: Int)) throws {
        let server = try TestServer()
        let response = try server.post("/v2/translate", entry.body)
        #expect(response.status == entry.status)
        #expect(try json(response).members.map(\.name) == ["message"])
        server.close()
    }

    @Test(
        "Overload and a loading model are 503, which clients repeat; documents are refused once for all"
    )
    func unavailable() throws {
        for server in [try TestServer(queue: 0), try TestServer(loaded: false)] {
            let response = try server.post("/v2/translate", #"{"text":"a","target_lang":"EN"}"#)
            #expect(response.status == 503)
            #expect(response["retry-after"] == "1")
            #expect(try json(response).members.map(\.name) == ["message"])
            server.close()
        }
        let server = try TestServer()
        for (method, path) in [
            ("POST", "/v2/document"), ("POST", "/v2/document/1"), ("POST", "/v2/document/1/result"),
            ("GET", "/v2/document/1"),
        ] {
            let refused = try server.ask(method, path)
            #expect(refused.status == 404)
            #expect(try json(refused)["message"]?.stringValue?.contains("/translate_file") == true)
        }
        server.close()
    }

    @Test("Languages are told for each side, those of a target by region where clients want one")
    func languages() throws {
        let server = try TestServer()
        func codes(_ path: String, body: String? = nil) throws -> [String?] {
            let answer =
                try body.map {
                    try server.ask(
                        "GET", path, body: Array($0.utf8), fields: "Content-Type: \(formType)\r\n")
                } ?? server.ask("GET", path)
            return try #require(JSON.parse(answer.body).arrayValue)
                .map { $0.objectValue?["language"]?.stringValue }
        }
        #expect(try codes("/v2/languages") == ["DE"])
        #expect(try codes("/v2/languages?type=target") == ["EN-GB", "EN-US"])
        #expect(try codes("/v2/languages", body: "type=target") == ["EN-GB", "EN-US"])
        #expect(try server.ask("GET", "/v2/languages?type=other").status == 400)
        let pairs = try json(server.ask("GET", "/v2/glossary-language-pairs"))
        let pair = pairs["supported_languages"]?.arrayValue?.first?.objectValue
        #expect(pair?["source_lang"] == .string("de"))
        #expect(pair?["target_lang"] == .string("en"))
        server.close()
    }

    @Test("Where keys are configured, all of it asks for one, in each way that clients bring it")
    func keys() throws {
        let server = try TestServer()
        server.api.replaceKeys(
            try APIKeys("a sha256=\(String(repeating: "01", count: 32))") { text in
                text == Array("key".utf8) ? [UInt8](repeating: 1, count: 32) : [0]
            })
        #expect(try server.ask("GET", "/v2/usage").status == 403)
        #expect(
            try server.ask("GET", "/v2/usage", fields: "Authorization: DeepL-Auth-Key no\r\n")
                .status == 403)
        #expect(
            try server.ask("GET", "/v2/usage", fields: "Authorization: DeepL-Auth-Key key\r\n")
                .status == 200)
        #expect(try server.ask("GET", "/v2/usage?auth_key=key").status == 200)
        let form = "auth_key=key&text=Hund.&target_lang=EN"
        #expect(try server.post("/v2/translate", form, type: formType).status == 200)
        let usage = try json(server.ask("GET", "/v2/usage?auth_key=key"))
        #expect(usage["character_count"]?.integerValue == 5)
        server.close()
    }
}

@Suite("DeepL's glossaries", .timeLimit(.minutes(10)))
struct DeepLGlossaryTests {
    private static let body =
        #"{"name":"Tiere","source_lang":"de","target_lang":"en","entries":"Hund\thound\nKatze\tcat","entries_format":"tsv"}"#

    @Test("A glossary is made, found, listed, read and deleted")
    func life() throws {
        let server = try TestServer()
        let made = try server.post("/v2/glossaries", Self.body)
        #expect(made.status == 201)
        let glossary = try json(made)
        #expect(glossary["name"] == .string("Tiere"))
        #expect(glossary["entry_count"]?.integerValue == 2)
        #expect(glossary["ready"] == .bool(true))
        let time = try #require(glossary["creation_time"]?.stringValue)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
        let path = "/v2/glossaries/" + (try #require(glossary["glossary_id"]?.stringValue))
        #expect(try json(server.ask("GET", path)) == glossary)
        #expect(
            try json(server.ask("GET", "/v2/glossaries"))["glossaries"]?.arrayValue == [
                .object(glossary)
            ])
        let entries = try server.ask("GET", path + "/entries")
        #expect(entries.text == "Hund\thound\nKatze\tcat")
        #expect(entries["content-type"]?.hasPrefix("text/tab-separated-values") == true)
        #expect(try server.ask("DELETE", path).status == 204)
        #expect(try server.ask("GET", path).status == 404)
        #expect(try server.ask("DELETE", path).status == 404)
        server.close()
    }

    @Test("Version 3 has the same glossaries with a dictionary, which can be changed")
    func dictionaries() throws {
        let server = try TestServer()
        func ask(_ method: String, _ path: String, _ body: String) throws -> LoopbackClient.Response
        {
            try server.ask(
                method, path, body: Array(body.utf8), fields: "Content-Type: application/json\r\n")
        }
        let dictionary =
            #"{"source_lang":"DE","target_lang":"EN","entries":"\"Hund, groß\",hound\r\nKatze,\"c\"\"at\",de,en\n","entries_format":"csv"}"#
        let made = try ask(
            "POST", "/v3/glossaries", "{\"name\":\"a\",\"dictionaries\":[\(dictionary)]}")
        #expect(made.status == 201)
        let path = "/v3/glossaries/" + (try #require(json(made)["glossary_id"]?.stringValue))
        func entries() throws -> String? {
            try json(server.ask("GET", path + "/entries?source_lang=de&target_lang=en"))[
                "dictionaries"]?
                .arrayValue?.first?.objectValue?["entries"]?.stringValue
        }
        #expect(try entries() == "Hund, groß\thound\nKatze\tc\"at")
        let patch =
            #"{"name":"b","dictionaries":[{"source_lang":"de","target_lang":"en","entries":"Katze\tkitty\nMaus\tmouse","entries_format":"tsv"}]}"#
        #expect(try json(ask("PATCH", path, patch))["name"] == .string("b"))
        #expect(try entries() == "Katze\tkitty\nMaus\tmouse\nHund, groß\thound")
        let put =
            #"{"source_lang":"de","target_lang":"en","entries":"Uhu\towl","entries_format":"tsv"}"#
        #expect(try json(ask("PUT", path + "/dictionaries", put))["entry_count"]?.integerValue == 1)
        #expect(try entries() == "Uhu\towl")
        #expect(try json(server.ask("GET", "/v3/glossaries"))["glossaries"]?.arrayValue?.count == 1)
        #expect(
            try server.ask("DELETE", path + "/dictionaries?source_lang=DE&target_lang=EN").status
                == 204)
        #expect(
            try server.ask("GET", path + "/entries?source_lang=de&target_lang=en").status == 404)
        #expect(try json(server.ask("GET", path))["dictionaries"]?.arrayValue == [])
        #expect(try server.ask("DELETE", path).status == 204)
        server.close()
    }

    @Test("Translations follow a glossary, those of earlier ones first, and only with a language")
    func followed() throws {
        let files = try [
            NamedGlossary(name: "first", text: "Hund\thound", format: .tsv),
            NamedGlossary(name: "second", text: "Hund\tpooch\nMann\tgent", format: .tsv),
        ]
        let server = try TestServer { $0.glossaries = files }
        func translated(_ fields: String) throws -> String {
            let body =
                "{\"text\":\"Ein Mann und ein Hund spielen.\",\"target_lang\":\"EN\",\(fields)}"
            return try server.post("/v2/translate", body).text
        }
        #expect(try translated(#""source_lang":"DE","glossary_id":"first""#).contains("hound"))
        let both = try translated(#""source_lang":"DE","glossary_ids":["first","second"]"#)
        #expect(both.contains("hound") && both.contains("gent") && !both.contains("pooch"))
        #expect(try translated(#""glossary_id":"first""#).contains("source_lang"))
        server.close()
    }

    @Test(
        "What is no glossary is refused by its first entry that is at fault",
        arguments: [
            (#""entries":"a""#, "entry 1"), (#""entries":"a\tb\n\na\tc""#, "entry 3"),
            (#""entries":"a\t ""#, "entry 1"),
            (#""entries":"a,b\n\"c","entries_format":"csv""#, "entry 2"),
            (#""entries":"a,b,c","entries_format":"csv""#, "entry 1"),
            (#""entries":"""#, "one at least"),
            (#""entries":"a\tb","entries_format":"xls""#, "tsv, csv"),
            (#""entries":5"#, "a string"), (#""name":"x""#, "`entries` is required"),
        ])
    func faults(_ entry: (fields: String, message: String)) throws {
        let server = try TestServer()
        let refused = try server.post(
            "/v2/glossaries",
            "{\"name\":\"x\",\"source_lang\":\"de\",\"target_lang\":\"en\",\(entry.fields)}"
                .replacing("\"name\":\"x\",\"name\"", with: "\"name\""))
        #expect(refused.status == 400)
        let other = try server.post(
            "/v2/glossaries",
            #"{"name":"x","source_lang":"fr","target_lang":"en","entries":"a\tb"}"#)
        #expect(other.status == 400)
        server.close()
    }

    @Test(
        "Each holder of a key sees its own glossaries and those of the server's files, which stay")
    func owners() throws {
        let house = try NamedGlossary(name: "house", text: "Hund\thound", format: .tsv)
        let server = try TestServer { $0.glossaries = [house] }
        server.api.replaceKeys(
            try APIKeys(
                "a sha256=\(String(repeating: "01", count: 32))\nb sha256=\(String(repeating: "02", count: 32))"
            ) { text in
                [UInt8](repeating: text == [0x61] ? 1 : text == [0x62] ? 2 : 0, count: 32)
            })
        func fields(_ key: String) -> String { "Authorization: DeepL-Auth-Key \(key)\r\n" }
        let made = try json(server.post("/v2/glossaries", Self.body, fields: fields("a")))
        let path = "/v2/glossaries/" + (try #require(made["glossary_id"]?.stringValue))
        #expect(try server.ask("GET", path, fields: fields("a")).status == 200)
        #expect(try server.ask("GET", path, fields: fields("b")).status == 404)
        #expect(try server.ask("DELETE", path, fields: fields("b")).status == 404)
        let list = try json(server.ask("GET", "/v2/glossaries", fields: fields("b")))["glossaries"]
        let listed = try #require(list?.arrayValue?.first?.objectValue)
        #expect(list?.arrayValue?.count == 1)
        #expect(listed["glossary_id"] == .string("house"))
        #expect(listed["source_lang"] == .string("de"))
        #expect(try server.ask("DELETE", "/v2/glossaries/house", fields: fields("b")).status == 403)
        server.close()
    }
}
