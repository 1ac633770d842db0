import HTTPTypes
import HTTPWire
import TestSupport
import Testing

@Suite("Request parser")
struct RequestParserTests {
    @Test(
        "Each request gets its verdict, whole, byte by byte and at random splits",
        arguments: Case.all)
    func verdict(_ example: Case) {
        let bytes = example.bytes
        #expect(Verdict(of: [bytes[...]]) == example.verdict)
        #expect(Verdict(of: bytes.indices.map { bytes[$0...$0] }) == example.verdict)
        var generator = SeededGenerator(seed: 1)
        for longest in [3, 17, 400] {
            let pieces = generator.split(bytes, longest: longest)
            #expect(Verdict(of: pieces) == example.verdict)
        }
    }

    @Test("Each demand of the RFCs names cases of the table, whose names are unique")
    func demands() {
        let names = Set(Case.all.map(\.what))
        #expect(names.count == Case.all.count)
        for rule in RequestRule.all {
            #expect(names.isSuperset(of: rule.cases), "\(rule.row)")
        }
    }

    @Test("Mutated requests get the same verdict however they are split")
    func mutations() {
        var generator = SeededGenerator(seed: 9112)
        let seeds = Case.all.map(\.bytes).filter { !$0.isEmpty && $0.count < 1000 }
        let telling = Array("\r\n\t\u{0} :;,%/?*".utf8)
        for _ in 0..<6000 {
            var bytes = seeds[generator.below(seeds.count)]
            if generator.below(3) == 0 { bytes += seeds[generator.below(seeds.count)] }
            for _ in 0...generator.below(4) { generator.mutate(&bytes) }
            if !bytes.isEmpty {
                let place = generator.below(bytes.count)
                bytes.insert(telling[generator.below(telling.count)], at: place)
            }
            let whole = Verdict(of: [bytes[...]])
            let pieces = generator.split(bytes, longest: 1 + generator.below(9))
            guard Verdict(of: pieces) != whole else { continue }
            Issue.record("\(String(decoding: bytes, as: UTF8.self).debugDescription): \(whole)")
        }
    }

    @Test("A failed parser stays failed")
    func staysFailed() {
        var parser = RequestParser(limits: HTTPLimits())
        parser.append(Array("GET\r\n".utf8)[...])
        #expect(throws: HTTPFailure.self) { try parser.next() }
        parser.append(Array("GET / HTTP/1.0\r\n\r\n".utf8)[...])
        #expect(throws: HTTPFailure.self) { try parser.next() }
    }

    @Test("A chunked body is counted without its framing and refused one byte beyond the limit")
    func manyChunks() {
        var limits = HTTPLimits()
        limits.bodyBytes = 1000
        let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        func body(_ count: Int) -> [UInt8] {
            Array((head + String(repeating: "1\r\nx\r\n", count: count) + "0\r\n\r\n").utf8)
        }
        let expected = Verdict.accept("POST / " + String(repeating: "x", count: 1000))
        #expect(Verdict(of: [body(1000)[...]], limits: limits) == expected)
        #expect(Verdict(of: [body(1001)[...]], limits: limits) == .refuse(.contentTooLarge))
    }

    @Test("The host of an absolute target replaces the Host field, and fields keep their order")
    func fields() throws {
        var parser = RequestParser(limits: HTTPLimits())
        let text = "GET http://y/ HTTP/1.1\r\nA: 1\r\nHost: x\r\na: 2\r\nB: \u{E9}\r\n\r\n"
        parser.append(Array(text.utf8)[...])
        guard case .head(let head)? = try parser.next() else {
            Issue.record("no head")
            return
        }
        let host = try #require(HTTPField.Name("Host"))
        let name = try #require(HTTPField.Name("A"))
        #expect(head.fields[host] == "y")
        #expect(head.fields[values: name] == ["1", "2"])
        #expect(head.target == "http://y/")
    }

    @Test("The Host that an absolute target adds is not counted as a field line")
    func addedHost() throws {
        var limits = HTTPLimits()
        limits.fields = 2
        var parser = RequestParser(limits: limits)
        parser.append(Array("GET http://y/ HTTP/1.0\r\nA: 1\r\nB: 2\r\n\r\n".utf8)[...])
        guard case .head(let head)? = try parser.next() else {
            Issue.record("no head")
            return
        }
        #expect(head.fields.map(\.name.canonicalName) == ["a", "b", "host"])
    }

    @Test(
        "A connection persists by version and Connection field",
        arguments: [
            ("1.1", "", true), ("1.1", "close", false), ("1.1", "x, Close", false),
            ("1.0", "", false),
            ("1.0", "Keep-Alive", true), ("1.0", "keep-alive, close", false),
        ])
    func persistence(version: String, connection: String, expected: Bool) throws {
        var parser = RequestParser(limits: HTTPLimits())
        let text = "GET / HTTP/\(version)\r\nHost: x\r\nConnection: \(connection)\r\n\r\n"
        parser.append(Array(text.utf8)[...])
        guard case .head(let head)? = try parser.next() else {
            Issue.record("no head")
            return
        }
        #expect(head.keepAlive == expected)
    }
}
