import JSON
import TestSupport
import Testing
import TranslationAPI

private let formType = "application/x-www-form-urlencoded"

@Suite("Bodies in LibreTranslate's shape")
struct LibreTranslateTests {
    @Test(
        "A string is answered with a string, a list with a list, as our own shape translates them")
    func translates() throws {
        let server = try TestServer()
        let own = try json(server.translate(#"{"text":"Zwei Hunde spielen."}"#))
        let text = own["translations"]?.arrayValue?.first?.objectValue?["text"]
        let single = try json(
            server.translate(#"{"q":"Zwei Hunde spielen.","source":"de","target":"en"}"#))
        #expect(single["translatedText"] == text)
        #expect(single["compute"] == own["compute"])
        #expect(single["alternatives"] == nil)
        let list = try json(
            server.translate(#"{"q":["Zwei Hunde spielen.",""],"source":"auto","target":"en"}"#))
        #expect(list["translatedText"]?.arrayValue == [try #require(text), .string("")])
        server.close()
    }

    @Test("HTML keeps its tags, and texts of several sentences and lines come back whole")
    func texts() throws {
        let server = try TestServer()
        func translated(_ body: String) throws -> String {
            try #require(json(server.translate(body))["translatedText"]?.stringValue)
        }
        let dog = try translated(#"{"q":"Ein Hund."}"#)
        let man = try translated(#"{"q":"Ein Mann."}"#)
        #expect(
            try translated(#"{"q":"Ein Hund. Ein Mann.\r\n\nEin Hund."}"#)
                == "\(dog) \(man)\r\n\n\(dog)")
        let html = #"{"q":"<p id='1'>Ein Hund.</p><pre>Ein Hund.</pre>","format":"html"}"#
        #expect(try translated(html) == "<p id='1'>\(dog)</p><pre>Ein Hund.</pre>")
        server.close()
    }

    @Test("Alternatives come beside the best, a list for each text of a list")
    func alternatives() throws {
        let server = try TestServer()
        let single = try json(
            server.translate(#"{"q":"Zwei Hunde.","target":"en","alternatives":2}"#))
        #expect(single["alternatives"]?.arrayValue?.count == 2)
        let list = try json(
            server.translate(#"{"q":["Zwei Hunde."],"target":"en","alternatives":2}"#))
        #expect(list["alternatives"]?.arrayValue?.first == single["alternatives"])
        let form = try json(
            server.post("/translate", "q=Zwei+Hunde.&target=en&alternatives=2", type: formType))
        #expect(form == single)
        server.close()
    }

    @Test("A form is decoded as browsers encode it")
    func form() throws {
        let server = try TestServer()
        let plain = try json(server.translate(#"{"q":"Größe & 1+1","target":"en"}"#))
        let form = try json(
            server.post(
                "/translate", "q=Gr%C3%B6%c3%9fe+%26+1%2B1&source=de&target=en&format=text",
                type: formType + "; charset=utf-8"))
        #expect(form == plain)
        server.close()
    }

    @Test(
        "Refusals have LibreTranslate's statuses and its single member",
        arguments: [
            (#"{"q":"x","target":"fr"}"#, "application/json", 400),
            (#"{"q":"x","source":"fr","target":"en"}"#, "application/json", 400),
            (#"{"q":5,"target":"en"}"#, "application/json", 400),
            (#"{"q":[],"target":"en"}"#, "application/json", 400),
            (#"{"q":"<b>x</b>","target":"en","format":"markdown"}"#, "application/json", 400),
            (#"{"q":"x","target":"en","alternatives":8}"#, "application/json", 400),
            (#"{"q":"x","target":"en","alternatives":-1}"#, "application/json", 400),
            (#"{"q":"x","text":"x"}"#, "application/json", 400),
            ("q=x&target=en&alternatives=two", formType, 400), ("target=en", formType, 400),
        ])
    func refusals(_ entry: (body: String, type: String, status: Int)) throws {
        let server = try TestServer()
        let response = try server.post("/translate", entry.body, type: entry.type)
        #expect(response.status == entry.status)
        #expect(try json(response).members.map(\.name) == ["error"])
        server.close()
    }

    @Test(
        "A form that is none is refused before its shape is known",
        arguments: ["q=%zz", "q=%C3", "q=%4", "q=a&q=b"])
    func malformedForms(_ body: String) throws {
        let server = try TestServer()
        let response = try server.post("/translate", body, type: formType)
        #expect(response.status == 400)
        #expect(try json(response)["error"] != nil)
        server.close()
    }

    @Test("A full queue and a loading model are 503 with Retry-After, which such clients repeat")
    func overload() throws {
        for server in [try TestServer(queue: 0), try TestServer(loaded: false)] {
            let response = try server.translate(#"{"q":"x","target":"en"}"#)
            #expect(response.status == 503)
            #expect(response["retry-after"] == "1")
            #expect(try json(response).members.map(\.name) == ["error"])
            server.close()
        }
        let late = try TestServer { $0.limits.timeout = 0 }
        #expect(try late.translate(#"{"q":"Ein Hund.","target":"en"}"#).status == 504)
        late.close()
    }
}
