import JSON
import Testing

private func parse(_ text: String) throws -> JSONValue {
    try JSON.parse(Array(text.utf8))
}

private func fault(_ text: String) -> JSONError? {
    fault(Array(text.utf8))
}

private func fault(_ bytes: [UInt8]) -> JSONError? {
    do {
        _ = try JSON.parse(bytes)
        return nil
    } catch {
        return error
    }
}

@Suite struct JSONParserTests {
    @Test(
        "Every value of the grammar is read",
        arguments: [
            ("null", .null), ("true", .bool(true)), (" false\n", .bool(false)),
            ("0", .integer(0)), ("-1", .integer(-1)), ("[]", .array([])), ("[ ]", .array([])),
            ("{ }", .object(JSONObject([]))), ("\"\"", .string("")),
            ("\t[1 , 2]\r\n", .array([.integer(1), .integer(2)])),
            ("{\"\":0}", .object(JSONObject([.init("", .integer(0))]))),
            (
                "{\"b\":[],\"a\":{}}",
                .object(
                    JSONObject([.init("b", .array([])), .init("a", .object(JSONObject([])))]))
            ),
        ] as [(String, JSONValue)])
    func values(text: String, expected: JSONValue) throws {
        #expect(try parse(text) == expected)
    }

    @Test(
        "Integers that fit in 64 bits stay exact and other numbers become the nearest double",
        arguments: [
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(0x1p63)), ("1.0", .number(1)), ("1e3", .number(1000)),
            ("1E+2", .number(100)), ("-0", .number(-0.0)), ("-0.0", .number(-0.0)),
            ("0.1", .number(0.1)), ("5e-324", .number(.leastNonzeroMagnitude)),
            ("1e-999", .number(0)),
            ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
        ] as [(String, JSONValue)])
    func numbers(text: String, expected: JSONValue) throws {
        #expect(try parse(text) == expected)
    }

    @Test(
        "Strings are unescaped and otherwise kept as they are",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\ud83d\uDE00""#, "😀"),
            (#""\u0000""#, "\0"), (#""e\u0301é""#, "e\u{301}é"), ("\"\u{7f}ÿ漢😀\"", "\u{7f}ÿ漢😀"),
            (#""a\\""#, "a\\"), (#""\uFFFF""#, "\u{FFFF}"),
        ])
    func strings(text: String, expected: String) throws {
        let string = try #require(try parse(text).stringValue)
        #expect(Array(string.utf8) == Array(expected.utf8))
    }

    @Test(
        "What RFC 8259 does not allow is refused with its cause and place",
        arguments: [
            ("", .unexpectedEnd, 1, 1), (" ", .unexpectedEnd, 1, 2), ("[", .unexpectedEnd, 1, 2),
            ("[1,", .unexpectedEnd, 1, 4), ("{\"a\"", .unexpectedEnd, 1, 5),
            ("\"abc", .unexpectedEnd, 1, 5), ("\"\\", .unexpectedEnd, 1, 3),
            ("\"\\u12", .unexpectedEnd, 1, 6), ("tru", .unexpectedEnd, 1, 4),
            ("[1,]", .unexpectedCharacter(expected: "a value"), 1, 4),
            ("[1 2]", .unexpectedCharacter(expected: "a comma or \"]\""), 1, 4),
            ("[1}", .unexpectedCharacter(expected: "a comma or \"]\""), 1, 3),
            ("{\"a\":1,}", .unexpectedCharacter(expected: "a member name"), 1, 8),
            ("{a:1}", .unexpectedCharacter(expected: "a member name"), 1, 2),
            ("{\"a\" 1}", .unexpectedCharacter(expected: "a colon"), 1, 6),
            ("nul", .unexpectedEnd, 1, 4),
            ("nulL", .unexpectedCharacter(expected: "the literal null"), 1, 4),
            ("NaN", .unexpectedCharacter(expected: "a value"), 1, 1),
            ("Infinity", .unexpectedCharacter(expected: "a value"), 1, 1),
            ("+1", .unexpectedCharacter(expected: "a value"), 1, 1),
            (".5", .unexpectedCharacter(expected: "a value"), 1, 1),
            ("'a'", .unexpectedCharacter(expected: "a value"), 1, 1),
            ("// x\n1", .unexpectedCharacter(expected: "a value"), 1, 1),
            ("\u{a0}1", .unexpectedCharacter(expected: "a value"), 1, 1),
            ("01", .invalidNumber, 1, 1), ("-", .invalidNumber, 1, 1),
            ("-01", .invalidNumber, 1, 1), ("1.", .invalidNumber, 1, 1),
            ("1.e1", .invalidNumber, 1, 1), ("1e", .invalidNumber, 1, 1),
            ("1e+", .invalidNumber, 1, 1), ("0x10", .trailingBytes, 1, 2),
            ("1e999", .numberOutOfRange, 1, 1), ("[-1e999]", .numberOutOfRange, 1, 2),
            ("1 2", .trailingBytes, 1, 3), ("{}x", .trailingBytes, 1, 3),
            ("[1]\0", .trailingBytes, 1, 4),
            ("\"\u{1}\"", .controlCharacter, 1, 2), ("\"a\nb\"", .controlCharacter, 1, 3),
            ("\"\\x\"", .invalidEscape, 1, 2), ("\"\\u12G4\"", .invalidEscape, 1, 2),
            ("\"\\ud800\"", .loneSurrogate, 1, 2), ("\"a\\udc00\"", .loneSurrogate, 1, 3),
            ("\"\\ud800\\u0041\"", .loneSurrogate, 1, 2),
            ("\"\\ud800\\ud800\"", .loneSurrogate, 1, 2),
            ("{\"a\":1,\n \"a\":2}", .duplicateKey("a"), 2, 2),
            ("{\"a\":1,\"\\u0061\":2}", .duplicateKey("a"), 1, 8),
            ("\u{FEFF}1", .byteOrderMark, 1, 1),
        ] as [(String, JSONError.Cause, Int, Int)])
    func refusals(text: String, cause: JSONError.Cause, line: Int, column: Int) {
        #expect(fault(text) == JSONError(cause: cause, line: line, column: column))
    }

    @Test(
        "Bytes that are not UTF-8 are refused where they stand",
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22], [0x22, 0x80, 0x22],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        #expect(fault(bytes) == JSONError(cause: .invalidUTF8, line: 1, column: 2))
    }

    @Test("The column counts code points since the last line feed")
    func columns() {
        let error = fault("[\"é漢😀\",\n  \"é漢😀\" x]")
        #expect(error?.line == 2)
        #expect(error?.column == 9)
    }

    @Test("Names that only look the same are different members")
    func canonicalEquivalence() throws {
        let object = try #require(try parse("{\"é\":1,\"e\u{301}\":2,\"\u{212A}\":3}").objectValue)
        #expect(object["é"] == .integer(1))
        #expect(object["e\u{301}"] == .integer(2))
        #expect(object["K"] == nil)
    }

    @Test("Nesting is allowed up to the limit, counted over arrays and objects alike")
    func depth() throws {
        let atLimit =
            String(repeating: "[{\"a\":", count: 16) + "1" + String(repeating: "}]", count: 16)
        _ = try parse(atLimit)
        #expect(fault("[\(atLimit)]")?.cause == .nestingTooDeep(limit: 32))
        #expect(
            fault(String(repeating: "[", count: 1_000_000))?.cause == .nestingTooDeep(limit: 32))
        _ = try parse("[" + Array(repeating: "[[]]", count: 100).joined(separator: ",") + "]")
        let deep = Array(
            (String(repeating: "[", count: 512) + String(repeating: "]", count: 512)).utf8)
        _ = try JSON.parse(deep, limits: .init(maximumDepth: .max))
        #expect(throws: JSONError.self) {
            try JSON.parse(Array("[]".utf8), limits: .init(maximumDepth: -1))
        }
    }

    @Test("A duplicate is found among many members, wherever it is")
    func manyMembers() throws {
        let members = (0..<20_000).map { "\"name\($0)\":\($0)" }
        let object = try #require(try parse("{\(members.joined(separator: ","))}").objectValue)
        #expect(object.members.count == 20_000)
        #expect(object["name19999"] == .integer(19_999))
        for duplicate in [0, 15, 16, 17, 19_999] {
            let text = "{\((members + ["\"name\(duplicate)\":0"]).joined(separator: ","))}"
            #expect(fault(text)?.cause == .duplicateKey("name\(duplicate)"))
        }
    }

    @Test("An error says its place and cause, and cuts and escapes a name from outside")
    func description() {
        #expect(
            "\(JSONError(cause: .trailingBytes, line: 2, column: 7))"
                == "line 2, column 7: nothing may follow the value")
        let name = String(repeating: "\n", count: 100)
        #expect(
            JSONError.Cause.duplicateKey(name).description
                == "duplicate member name \"\(String(repeating: "\\n", count: 64))…\"")
    }
}
