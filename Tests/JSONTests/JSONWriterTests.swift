import JSON
import TestSupport
import Testing

private func text(_ value: JSONValue, _ style: JSONWriter.Style = .compact) -> String {
    String(decoding: JSON.serialize(value, style: style), as: UTF8.self)
}

@Suite struct JSONWriterTests {
    @Test("Members keep their order and compact text has no white space")
    func compact() {
        let value = JSONValue.object(
            JSONObject([
                .init("b", .array([.integer(1), .null, .bool(false)])),
                .init("a", .object(JSONObject([]))), .init("c", .array([])),
            ]))
        #expect(text(value) == #"{"b":[1,null,false],"a":{},"c":[]}"#)
    }

    @Test("Pretty text has an element a line and leaves empty brackets closed")
    func pretty() {
        let value = JSONValue.object(
            JSONObject([.init("b", .array([.integer(1), .array([])])), .init("a", .string("x"))]))
        #expect(
            text(value, .pretty) == """
                {
                  "b": [
                    1,
                    []
                  ],
                  "a": "x"
                }
                """)
    }

    @Test(
        "Numbers take the fewest digits that read back as themselves, and null if not finite",
        arguments: [
            (0.1, "0.1"), (1, "1.0"), (-0.0, "-0.0"), (1e300, "1e+300"),
            (.leastNonzeroMagnitude, "5e-324"),
            (.infinity, "null"), (-.infinity, "null"), (.nan, "null"),
        ] as [(Double, String)])
    func numbers(value: Double, expected: String) {
        #expect(text(.number(value)) == expected)
    }

    @Test("A float is written as a float, not as the double next to it")
    func floats() {
        var writer = JSONWriter()
        writer.beginArray()
        writer.value(Float(-0.21))
        writer.value(Float.nan)
        writer.value(UInt64.max)
        writer.endArray()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == "[-0.21,null,18446744073709551615]")
    }

    @Test("Integers of any length are written in full, and parted")
    func integers() {
        let values = [0, 9, 10, -1, -10, 1234, .max, .min]
        var writer = JSONWriter()
        writer.beginArray()
        for value in values { writer.value(value) }
        writer.name("nine")
        writer.value(9)
        writer.endArray()
        let list = values.map { "\($0)" }.joined(separator: ",")
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "[\(list),\"nine\":9]")
    }

    @Test("What is written before a string with escapes stays, and so does what follows")
    func escapesBetween() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("plain")
        writer.value("a\tb\"")
        writer.name("quoted \\")
        writer.value("")
        writer.endObject()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"plain":"a\tb\"","quoted \\":""}"#)
    }

    @Test("Only quotation marks, backslashes and control characters are escaped")
    func escapes() throws {
        let all = (0..<0x20).map { String(Unicode.Scalar(UInt8($0))) }.joined()
        #expect(text(.string("\"\\/é😀\u{7f}\u{2028}")) == "\"\\\"\\\\/é😀\u{7f}\u{2028}\"")
        #expect(text(.string("\u{0}\u{1f}\n\r\t\u{8}\u{c}")) == #""\u0000\u001f\n\r\t\b\f""#)
        #expect(try JSON.parse(Array(text(.string(all)).utf8)) == .string(all))
    }

    @Test("Whatever is written reads back equal, compact or pretty", arguments: 0..<300)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let value = random.value(depth: 6)
        for style in [JSONWriter.Style.compact, .pretty] {
            #expect(try JSON.parse(JSON.serialize(value, style: style)) == value)
        }
    }

    @Test("A mutated text is refused or read, and what is read survives another round")
    func mutations() throws {
        var random = SeededGenerator(seed: 7)
        var accepted = 0
        for _ in 0..<5_000 {
            var bytes = JSON.serialize(random.value(depth: 4))
            for _ in 0...random.below(3) where !bytes.isEmpty {
                random.mutate(&bytes)
            }
            guard let value = try? JSON.parse(bytes) else { continue }
            accepted += 1
            #expect(try JSON.parse(JSON.serialize(value)) == value)
        }
        #expect(accepted > 0)
    }
}

extension SeededGenerator {
    fileprivate mutating func value(depth: Int) -> JSONValue {
        switch below(depth > 0 ? 7 : 5) {
        case 0: .null
        case 1: .bool(below(2) == 0)
        case 2: .integer(Int64(bitPattern: next()) >> Int64(below(64)))
        case 3: number()
        case 4: .string(string())
        case 5: .array((0..<below(5)).map { _ in value(depth: depth - 1) })
        default:
            .object(
                JSONObject(
                    (0..<below(5)).map { .init("\(string())\($0)", value(depth: depth - 1)) }))
        }
    }

    private mutating func number() -> JSONValue {
        let number = Double(bitPattern: next())
        return .number(number.isFinite ? number : 0.5)
    }

    private mutating func string() -> String {
        let alphabet: [Unicode.Scalar] = ["a", "\"", "\\", "\n", "\u{0}", "é", "漢", "😀", "\u{301}"]
        var scalars = String.UnicodeScalarView()
        for _ in 0..<below(6) { scalars.append(alphabet[below(alphabet.count)]) }
        return String(scalars)
    }
}
