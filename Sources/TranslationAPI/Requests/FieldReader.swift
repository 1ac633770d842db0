import JSON
import System
import TranslationService

/// Reads the fields of a JSON object, gathering all that is wrong with them.
struct FieldReader {
    private let object: JSONObject
    private let pointer: String
    /// Whether numbers and booleans are written as text, too.
    private let isTextual: Bool
    private var known: [String] = []
    /// What is said of a pair of languages that no model serves, where there are several.
    var pairText: String?
    private(set) var problems: [FieldProblem] = []

    /// A reader of `object`, whose JSON pointer is `pointer`: "" for the whole body.
    init(_ object: JSONObject, pointer: String = "") {
        self.object = object
        self.pointer = pointer
        isTextual = false
    }

    /// A reader of the fields of a request.
    init(_ body: RequestBody) {
        object = body.object
        pointer = ""
        isTextual = body.isTextual
    }

    /// The field as it is; nil where it is absent or `null`, which many serialisers write for what is not
    /// set.
    mutating func value(_ name: String) -> JSONValue? {
        known.append(name)
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    /// A string, where the field is one; nothing is noted, whatever it is.
    func peek(_ name: String) -> String? { object[name]?.stringValue }

    mutating func string(_ name: String) -> String? {
        read(name, "a string") { $0.stringValue }
    }

    mutating func number(_ name: String) -> Double? {
        read(name, "a number") { $0.doubleValue }
    }

    mutating func integer(_ name: String) -> Int? {
        read(name, "a whole number") { [isTextual] value in
            isTextual ? value.stringValue.flatMap { Int($0) } : value.wholeNumber
        }
    }

    mutating func bool(_ name: String) -> Bool? {
        read(name, "true or false") { $0.boolValue }
    }

    /// A boolean that clients also write as `"1"`, `1` or `"true"`.
    mutating func flag(_ name: String) -> Bool? {
        read(name, "true or false, or 1 or 0") { value in
            if let bool = value.boolValue { return bool }
            let text = value.wholeNumber.map { String($0) } ?? value.stringValue?.lowercased()
            return text.flatMap { ["1": true, "true": true, "0": false, "false": false][$0] }
        }
    }

    mutating func object(_ name: String) -> FieldReader? {
        let found = read(name, "an object") { $0.objectValue }
        return found.map { FieldReader($0, pointer: "\(pointer)/\(name)") }
    }

    mutating func strings(_ name: String) -> [String]? {
        read(name, "an array of strings") { value in
            guard let items = value.arrayValue else { return nil }
            let strings = items.compactMap(\.stringValue)
            return strings.count == items.count ? strings : nil
        }
    }

    /// Names: an array of strings, or a string of names with commas between.
    mutating func names(_ name: String) -> [String] {
        let items = read(name, "an array of strings") { value -> [String]? in
            if let text = value.stringValue { return [text] }
            guard let items = value.arrayValue else { return nil }
            let strings = items.compactMap(\.stringValue)
            return strings.count == items.count ? strings : nil
        }
        return (items ?? []).flatMap { $0.split(separator: ",") }.compactMap { part in
            let trimmed = Array(part.utf8).trimmingBlanks()
            return trimmed.isEmpty ? nil : String(decoding: trimmed, as: UTF8.self)
        }
    }

    /// A name out of a closed set.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        guard let text = string(name) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        note(.outOfRange, name, "`\(path(name))` must be one of \(names)")
        return nil
    }

    mutating func note(_ code: FieldProblem.Code, _ name: String, _ detail: String) {
        problems.append(FieldProblem(code, "\(pointer)/\(name)", detail))
    }

    /// Notes what the service found wrong.
    mutating func note(_ fault: RequestFault) { problems.append(FieldProblem(fault)) }

    mutating func wrongType(_ name: String, _ wanted: String, _ found: JSONValue) {
        note(.wrongType, name, "`\(path(name))` must be \(wanted); given \(found.kind)")
    }

    /// Unknown fields that are told one by one: a body can hold more than anybody reads.
    private static let mostUnknown = 16

    /// All problems, with the fields that nobody asked for.
    func finished() -> [FieldProblem] {
        let unknown = object.members.enumerated().lazy.filter {
            !known.contains($0.element.name)
        }
        return problems
            + unknown.prefix(Self.mostUnknown).enumerated().map { order, field in
                unknownField(field.offset, field.element.name, listsKnown: order == 0)
            }
    }

    /// A field that does not exist, told by its place.
    ///
    /// Its name is the client's text, which goes into no answer and no log. The pointer is that of the object around it.
    private func unknownField(
        _ index: Int, _ name: String, listsKnown: Bool
    ) -> FieldProblem {
        let place = pointer.isEmpty ? "the body" : "`\(Self.dotted(pointer))`"
        let all = known.map { "`\($0)`" }.joined(separator: ", ")
        let hint =
            nearest(name).map { "; did you mean `\($0)`?" }
            ?? (listsKnown ? "; the fields are \(all)" : "")
        return FieldProblem(
            .unknownField, pointer, "field \(index + 1) of \(place) is unknown\(hint)")
    }

    mutating func read<Result>(
        _ name: String, _ wanted: String, _ convert: (JSONValue) -> Result?
    ) -> Result? {
        guard let value = value(name) else { return nil }
        if let result = convert(value) { return result }
        wrongType(name, wanted, value)
        return nil
    }

    private func path(_ name: String) -> String {
        Self.dotted(pointer) + (pointer.isEmpty ? "" : ".") + name
    }

    private static func dotted(_ pointer: String) -> String {
        String(pointer.dropFirst()).replacing("/", with: ".")
    }

    private func nearest(_ name: String) -> String? {
        guard name.utf8.count <= 64 else { return nil }
        return known.map { (distance: editDistance($0, name), name: $0) }
            .filter { $0.distance <= max(1, name.utf8.count / 3) }
            .min { $0.distance < $1.distance }?.name
    }
}

extension JSONValue {
    /// The whole number that it is, however it is written: to JSON Schema 2.0 is an integer, too.
    ///
    /// One beyond 64 bits becomes the nearest within, which is out of every field's range, too.
    var wholeNumber: Int? {
        if let integer = integerValue { return Int(integer) }
        guard let number = doubleValue, number == number.rounded() else { return nil }
        return Int(exactly: number) ?? (number < 0 ? .min : .max)
    }
}
