import JSON
import TestSupport
import Testing
import TranslationAPI

private let multipartType = "multipart/form-data; boundary=x"

@Suite("What LibreTranslate has beside translations", .timeLimit(.minutes(10)))
struct LibreTranslateRouteTests {
    @Test("Source and target are listed as entries of their own, the source with its target")
    func languages() throws {
        let server = try TestServer()
        let list = try #require(
            JSON.parse(server.ask("GET", "/languages").body).arrayValue
        ).compactMap(\.objectValue)
        #expect(list.map { $0["code"] } == [.string("de"), .string("en")])
        #expect(list.map { $0["name"] } == [.string("German"), .string("English")])
        #expect(list.map { $0["targets"] } == [.array([.string("en")]), .array([])])
        server.close()
    }

    @Test("The settings of its page tell limits, keys, formats and languages")
    func settings() throws {
        let server = try TestServer { $0.limits.maximumCharacters = 77 }
        let settings = try json(server.ask("GET", "/frontend/settings"))
        #expect(settings["charLimit"]?.integerValue == 77)
        #expect(settings["keyRequired"] == .bool(false))
        #expect(settings["suggestions"] == .bool(false))
        #expect(settings["filesTranslation"] == .bool(true))
        #expect(settings["supportedFilesFormat"]?.arrayValue?.contains(.string(".srt")) == true)
        let target = settings["language"]?.objectValue?["target"]?.objectValue
        #expect(target?["name"] == .string("English"))
        server.api.replaceKeys(
            try APIKeys("a sha256=\(String(repeating: "0", count: 64))") { _ in [1] })
        let keyed = try json(server.ask("GET", "/frontend/settings"))
        #expect(keyed["keyRequired"] == .bool(true))
        server.close()
    }

    @Test(
        "The specification is the document under the title that clients look for, and suggestions are refused with 403"
    )
    func others() throws {
        let server = try TestServer {
            $0.documentJSON = LazyDocument {
                .json(Array(#"{"openapi":"3.1.0","info":{"title":"Shoal"},"title":"x"}"#.utf8))
            }
        }
        for _ in 0..<2 {
            let document = try json(server.ask("GET", "/spec"))
            #expect(document["openapi"] == .string("3.1.0"))
            #expect(document["info"]?.objectValue?["title"] == .string("LibreTranslate"))
            #expect(document["title"] == .string("x"))
        }
        let refused = try server.post(
            "/suggest", "q=a&s=b&source=de&target=en", type: "application/x-www-form-urlencoded")
        #expect(refused.status == 403)
        #expect(try json(refused).members.map(\.name) == ["error"])
        server.close()
    }

    @Test(
        "Detection takes a text in every kind of body, and asks for one",
        arguments: [
            (#"{"q":"Zwei Hunde."}"#, 200), (#"{"q":["Zwei","Hunde."]}"#, 200), ("{}", 400),
            (#"{"q":5}"#, 400),
        ])
    func detect(_ entry: (body: String, status: Int)) throws {
        let server = try TestServer()
        let answer = try server.post("/detect", entry.body)
        #expect(answer.status == entry.status)
        if entry.status == 200 { #expect(try JSON.parse(answer.body).arrayValue != nil) }
        #expect(try server.ask("POST", "/detect?q=Zwei%20Hunde.", body: []).status == 200)
        server.close()
    }

    @Test(
        "Languages are found by their main subtag, in any case",
        arguments: ["de", "DE", "de-AT", "de_CH", "de-Latn-DE"])
    func tags(_ tag: String) throws {
        let server = try TestServer()
        #expect(
            try server.translate("{\"q\":\"Hund.\",\"source\":\"\(tag)\",\"target\":\"EN-us\"}")
                .status == 200)
        #expect(
            try server.translate("{\"text\":\"Hund.\",\"source_lang\":\"\(tag)\"}").status == 200)
        #expect(
            try server.translate("{\"q\":\"Hund.\",\"source\":\"x\(tag)\",\"target\":\"en\"}")
                .status == 400)
        server.close()
    }
}

@Suite("Files in LibreTranslate's way", .timeLimit(.minutes(10)))
struct TranslateFileTests {
    private func upload(
        _ server: TestServer, _ name: String, _ text: String,
        _ fields: [(String, String)] = [("source", "de"), ("target", "en")]
    ) throws -> LoopbackClient.Response {
        try server.post(
            "/translate_file", multipart(fields, file: (name, text)), type: multipartType)
    }

    /// The translated file, fetched from where the answer says.
    private func translated(_ server: TestServer, _ name: String, _ text: String) throws -> String {
        let answer = try json(upload(server, name, text))
        let url = try #require(answer["translatedFileUrl"]?.stringValue)
        #expect(url.hasPrefix("http://x/download_file/"))
        let file = try server.ask("GET", String(url.dropFirst("http://x".count)))
        #expect(file.status == 200)
        #expect(file["content-disposition"]?.hasPrefix("attachment; filename=") == true)
        #expect(file["x-content-type-options"] == "nosniff")
        return file.text
    }

    /// What the server makes of a text.
    private func translation(_ server: TestServer, _ text: String) throws -> String {
        let body = JSON.serialize(.object(JSONObject([.init("q", .string(text))])))
        return try #require(
            json(server.translate(String(decoding: body, as: UTF8.self)))["translatedText"]?
                .stringValue)
    }

    @Test("Lines of a text come back line by line, with all that stands between them")
    func plain() throws {
        let server = try TestServer()
        let dogs = try translation(server, "Zwei Hunde spielen im Schnee.")
        let man = try translation(server, "Ein Mann liest ein Buch.")
        let text = "\u{FEFF}Zwei Hunde spielen im Schnee.\r\n\r\n  \nEin Mann liest ein Buch."
        #expect(try translated(server, "a.b.TXT", text) == "\u{FEFF}\(dogs)\r\n\r\n  \n\(man)")
        #expect(try translated(server, "empty.txt", "").isEmpty)
        server.close()
    }

    @Test("Many lines make many requests, and come back in their order")
    func many() throws {
        let server = try TestServer { $0.limits.maximumTexts = 3 }
        let man = try translation(server, "Ein Mann.")
        let dog = try translation(server, "Ein Hund.")
        let text = (0..<10).map { $0 % 3 == 0 ? "Ein Hund.\n" : "Ein Mann.\n" }.joined()
        let wanted = (0..<10).map { $0 % 3 == 0 ? "\(dog)\n" : "\(man)\n" }.joined()
        #expect(try translated(server, "many.txt", text) == wanted)
        server.close()
    }

    @Test("Subtitles keep numbers, times and as many lines, and a sentence over lines is one")
    func subtitles() throws {
        let server = try TestServer()
        let dogs = try translation(server, "Zwei Hunde spielen im Schnee.")
        let man = try translation(server, "- Ein Mann.")
        let woman = try translation(server, "- Eine Frau.")
        let srt = """
            1
            00:00:01,000 --> 00:00:02,000
            Zwei Hunde spielen
            im Schnee.

            2
            00:00:03,000 --> 00:00:04,000
            {\\an8}- Ein Mann.
            - Eine Frau.

            """
        let read = try translated(server, "film.srt", srt)
        let lines = read.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.count == 10)
        #expect(lines[..<2] == ["1", "00:00:01,000 --> 00:00:02,000"])
        #expect(lines[2] + " " + lines[3] == dogs)
        #expect(lines[4...6] == ["", "2", "00:00:03,000 --> 00:00:04,000"])
        #expect(lines[7...] == ["{\\an8}\(man)", woman, ""])
        server.close()
    }

    @Test(
        "Subtitles of the Web keep head, notes, settings and voices, and lose times within a text")
    func webSubtitles() throws {
        let server = try TestServer()
        let dogs = try translation(server, "Zwei Hunde spielen im Schnee.")
        let vtt =
            "WEBVTT\n\nNOTE Ein Mann.\n\n00:01.000 --> 00:02.000 align:start\n<v Ann>Zwei Hunde <00:01.500>spielen im Schnee.\n"
        #expect(
            try translated(server, "film.vtt", vtt)
                == "WEBVTT\n\nNOTE Ein Mann.\n\n00:01.000 --> 00:02.000 align:start\n<v Ann>\(dogs)\n"
        )
        server.close()
    }

    @Test("Pages and subtitles with tags keep them")
    func markup() throws {
        let server = try TestServer()
        let dog = try translation(server, "Ein Hund.")
        let page =
            "<!DOCTYPE html>\n<html><body class=\"a\"><!-- Hund --><p>Ein Hund.</p></body></html>\n"
        #expect(
            try translated(server, "page.htm", page)
                == page.replacing("<p>Ein Hund.", with: "<p>\(dog)"))
        let srt = "1\n00:00:01,000 --> 00:00:02,000\n<i>Ein Hund.</i>\n"
        #expect(
            try translated(server, "a.srt", srt) == srt.replacing("Ein Hund.", with: dog))
        let lines =
            "1\n00:00:01,000 --> 00:00:02,000\n<i>Zwei Hunde spielen</i>\n<i>im Schnee.</i>\n"
        let read = try translated(server, "b.srt", lines).split(separator: "\n")[2...]
        #expect(read.count == 2)
        let dogs = try translation(server, "Zwei Hunde spielen im Schnee.")
        #expect(read.joined(separator: " ") == "<i>\(dogs)</i>")
        server.close()
    }

    @Test("Messages without a translation get one, and all else stays as it is")
    func messages() throws {
        let server = try TestServer()
        let dogs = try translation(server, "Zwei Hunde.")
        let dog = try translation(server, "Ein Hund.")
        let po = """
            # Kommentar
            msgid ""
            msgstr ""
            "Content-Type: text/plain; charset=UTF-8\\n"

            #: a.c:1
            msgctxt "Tier"
            msgid ""
            "Zwei "
            "Hunde."
            msgstr ""

            msgid "Ein Hund."
            msgid_plural "Zwei Hunde."
            msgstr[0] ""
            msgstr[1] ""

            msgid "Fertig."
            msgstr "Done."
            #~ msgid "Alt."
            #~ msgstr ""
            """
        let wanted = po.replacing("\"Hunde.\"\nmsgstr \"\"", with: "\"Hunde.\"\nmsgstr \"\(dogs)\"")
            .replacing("msgstr[0] \"\"", with: "msgstr[0] \"\(dog)\"")
            .replacing("msgstr[1] \"\"", with: "msgstr[1] \"\(dogs)\"")
        #expect(try translated(server, "de.po", po) == wanted)
        server.close()
    }

    @Test("Files that hold one thing as often as they can are read, or refused", arguments: 0..<5)
    func large(_ index: Int) throws {
        let files = [
            ("a.srt", "0 --> 1\n" + String(repeating: "\n", count: 20_000)),
            ("a.srt", "0 --> 1\n" + String(repeating: "-x\n", count: 10_000)),
            ("a.srt", "0 --> 1\n" + String(repeating: "<\n", count: 20_000)),
            ("a.po", "msgid \"a\"\nmsgstr \"\"\n" + String(repeating: "\"\"\n", count: 20_000)),
            ("a.po", "msgid \"a\"\n" + String(repeating: "\"a\"\n", count: 20_000)),
        ]
        let server = try TestServer(queue: 0)
        let status = try upload(server, files[index].0, files[index].1).status
        #expect([200, 400, 503].contains(status))
        server.close()
    }

    @Test(
        "What is no file that can be translated is refused, by what is wrong with it",
        arguments: [
            ("a.pdf", "x", ".txt, .html"), ("a", "x", ".txt, .html"),
            ("a.po", "msgid x", "line 1"), ("a.po", "\nmsgid \"x", "line 2"),
            ("a.po", "\"x\"", "line 1"), ("a.po", "msgid \"a\" b", "line 1"),
        ])
    func refused(_ entry: (name: String, text: String, message: String)) throws {
        let server = try TestServer()
        let answer = try upload(server, entry.name, entry.text)
        #expect(answer.status == 400)
        #expect(try json(answer)["error"]?.stringValue?.contains(entry.message) == true)
        server.close()
    }

    @Test("A form without a file, of another language, or of another type is refused")
    func forms() throws {
        let server = try TestServer()
        #expect(
            try server.post("/translate_file", multipart([("source", "de")]), type: multipartType)
                .status == 400)
        #expect(try upload(server, "a.txt", "x", [("target", "fr")]).status == 400)
        #expect(try server.post("/translate_file", "{}").status == 400)
        let long = try TestServer { $0.limits.maximumCharacters = 5 }
        #expect(try upload(long, "a.txt", "abcdef").status == 400)
        let full = try TestServer(queue: 0)
        #expect(try upload(full, "a.txt", "Ein Hund.").status == 503)
        for server in [server, long, full] { server.close() }
    }

    @Test(
        "What curl and PHP send is taken: an empty form beside a query, and a format that the name tells"
    )
    func habits() throws {
        let server = try TestServer()
        let detected = try server.post("/detect?q=Hund&api_key=", "--x--\r\n", type: multipartType)
        #expect(detected.status == 200)
        let fields = [("format", "html"), ("source", "de"), ("target", "en"), ("api_key", "")]
        #expect(try upload(server, "a.txt", "Ein Hund.", fields).status == 200)
        server.close()
    }

    @Test("A wrong key is told in the words by which clients know it")
    func wrongKey() throws {
        let server = try TestServer()
        server.api.replaceKeys(
            try APIKeys("a sha256=\(String(repeating: "01", count: 32))") { _ in [0] })
        let refused = try server.translate(#"{"q":"Hund.","target":"en","api_key":"x"}"#)
        #expect(refused.status == 403)
        #expect(try json(refused)["error"] == .string("Invalid API key"))
        let missing = try server.translate(#"{"q":"Hund.","target":"en","api_key":""}"#)
        #expect(missing.status == 403)
        #expect(try json(missing)["error"]?.stringValue?.contains("a key is needed") == true)
        server.close()
    }

    @Test("A file is forgotten after half an hour, and a name that was never given is not there")
    func forgotten() throws {
        let clock = TestClock()
        let server = try TestServer { $0.clock = clock.api }
        let url = try #require(
            json(upload(server, "a.txt", "Ein Hund."))["translatedFileUrl"]?.stringValue)
        let path = String(url.dropFirst("http://x".count))
        #expect(try server.ask("GET", path).status == 200)
        #expect(try server.ask("HEAD", path).status == 200)
        #expect(try server.ask("GET", path + "x").status == 404)
        clock.advance(by: 1801)
        #expect(try server.ask("GET", path).status == 404)
        server.close()
    }
}
