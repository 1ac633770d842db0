import JSON
import TestSupport
import Testing

/// A text of JSONTestSuite (`Resources/README.md`); its name begins with `y_`, `n_` or `i_`.
private struct SuiteCase: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]

    var testDescription: String { name }

    /// Empty where the file cannot be read, which the test of the counts reports.
    static let all: [SuiteCase] = {
        let path = "Tests/JSONTests/Resources/JSONTestSuite/test_parsing.tsv"
        let rows = (try? VectorFile.rows(path)) ?? []
        return rows.filter { $0.count == 2 }.map {
            SuiteCase(name: String(decoding: $0[0], as: UTF8.self), bytes: $0[1])
        }
    }()

    static func beginning(with prefix: String) -> [SuiteCase] {
        all.filter { $0.name.hasPrefix(prefix) }
    }

    /// Why the text is refused; nil where it is not.
    var fault: JSONError.Cause? {
        do {
            _ = try JSON.parse(bytes)
            return nil
        } catch {
            return error.cause
        }
    }
}

@Suite("JSONTestSuite")
struct JSONTestSuiteTests {
    /// RFC 8259 §4 leaves open what follows if names are not unique; we refuse them, because two
    /// readers of one text must not see two values.
    private static let duplicates: [String: JSONError.Cause] = [
        "y_object_duplicated_key": .duplicateKey("a"),
        "y_object_duplicated_key_and_value": .duplicateKey("a"),
    ]

    /// What RFC 8259 leaves to the implementation, with our choice; nil accepts.
    private static let choices: [String: JSONError.Cause?] = [
        "i_number_double_huge_neg_exp": nil,
        "i_number_huge_exp": .numberOutOfRange,
        "i_number_neg_int_huge_exp": .numberOutOfRange,
        "i_number_pos_double_huge_exp": .numberOutOfRange,
        "i_number_real_neg_overflow": .numberOutOfRange,
        "i_number_real_pos_overflow": .numberOutOfRange,
        "i_number_real_underflow": nil,
        "i_number_too_big_neg_int": nil,
        "i_number_too_big_pos_int": nil,
        "i_number_very_big_negative_int": nil,
        "i_object_key_lone_2nd_surrogate": .loneSurrogate,
        "i_string_1st_surrogate_but_2nd_missing": .loneSurrogate,
        "i_string_1st_valid_surrogate_2nd_invalid": .loneSurrogate,
        "i_string_UTF-16LE_with_BOM": .invalidUTF8,
        "i_string_UTF-8_invalid_sequence": .invalidUTF8,
        "i_string_UTF8_surrogate_U+D800": .invalidUTF8,
        "i_string_incomplete_surrogate_and_escape_valid": .loneSurrogate,
        "i_string_incomplete_surrogate_pair": .loneSurrogate,
        "i_string_incomplete_surrogates_escape_valid": .loneSurrogate,
        "i_string_invalid_lonely_surrogate": .loneSurrogate,
        "i_string_invalid_surrogate": .loneSurrogate,
        "i_string_invalid_utf-8": .invalidUTF8,
        "i_string_inverted_surrogates_U+1D11E": .loneSurrogate,
        "i_string_iso_latin_1": .invalidUTF8,
        "i_string_lone_second_surrogate": .loneSurrogate,
        "i_string_lone_utf8_continuation_byte": .invalidUTF8,
        "i_string_not_in_unicode_range": .invalidUTF8,
        "i_string_overlong_sequence_2_bytes": .invalidUTF8,
        "i_string_overlong_sequence_6_bytes": .invalidUTF8,
        "i_string_overlong_sequence_6_bytes_null": .invalidUTF8,
        "i_string_truncated-utf-8": .invalidUTF8,
        "i_string_utf16BE_no_BOM": .invalidUTF8,
        "i_string_utf16LE_no_BOM": .invalidUTF8,
        "i_structure_500_nested_arrays": .nestingTooDeep(limit: 32),
        "i_structure_UTF-8_BOM_empty_object": .byteOrderMark,
    ]

    @Test("All texts are there")
    func counts() {
        #expect(SuiteCase.beginning(with: "y_").count == 95)
        #expect(SuiteCase.beginning(with: "n_").count == 188)
        #expect(SuiteCase.beginning(with: "i_").count == 35)
    }

    @Test(
        "What every parser must accept is accepted, duplicate names aside",
        arguments: SuiteCase.beginning(with: "y_"))
    private func accepted(_ example: SuiteCase) {
        #expect(example.fault == Self.duplicates[example.name])
    }

    @Test("What is accepted reads back equal once it is written", arguments: SuiteCase.all)
    private func roundTrip(_ example: SuiteCase) throws {
        guard let value = try? JSON.parse(example.bytes) else { return }
        for style in [JSONWriter.Style.compact, .pretty] {
            #expect(try JSON.parse(JSON.serialize(value, style: style)) == value)
        }
    }

    @Test(
        "What every parser must refuse is refused", arguments: SuiteCase.beginning(with: "n_"))
    private func refused(_ example: SuiteCase) {
        #expect(example.fault != nil)
    }

    @Test("What is left open is decided", arguments: SuiteCase.beginning(with: "i_"))
    private func decided(_ example: SuiteCase) throws {
        let choice = try #require(Self.choices[example.name])
        #expect(example.fault == choice)
    }
}
