import Configuration
import Glibc
import JSON

/// A line of a file of JSON objects, one a line.
struct JSONLine {
    let object: JSONObject
    /// FILE:LINE.
    let place: String

    /// Reads a file; empty lines are left out.
    ///
    /// - Throws: `Failure` with file, line and column where a line is no JSON object.
    static func read(_ path: String) throws -> [JSONLine] {
        var lines: [JSONLine] = []
        for (index, text) in try readLines(path).enumerated() {
            let place = "\(path):\(index + 1)"
            guard text.utf8.contains(where: { !" \t\r".utf8.contains($0) }) else { continue }
            lines.append(JSONLine(object: try parse(text, place), place: place))
        }
        return lines
    }

    private static func parse(_ text: String, _ place: String) throws -> JSONObject {
        let value: JSONValue
        do {
            value = try JSON.parse(Array(text.utf8))
        } catch {
            throw Failure("\(place): column \(error.column): \(error.cause)", code: EX_DATAERR)
        }
        guard let object = value.objectValue else {
            throw Failure("\(place): expected a JSON object; found \(value.kind)", code: EX_DATAERR)
        }
        return object
    }

    /// A number that has to be there.
    func number(_ key: String) throws -> Double {
        guard let number = object[key]?.doubleValue else { throw missing(key, "a number") }
        return number
    }

    /// A number that is `null` where it was not finite.
    func finiteNumber(_ key: String) throws -> Double? {
        object[key]?.isNull == true ? nil : try number(key)
    }

    /// A string that has to be there.
    func string(_ key: String) throws -> String {
        guard let string = object[key]?.stringValue else { throw missing(key, "a string") }
        return string
    }

    /// The error for a member that is not what it should be.
    func missing(_ key: String, _ expected: String) -> Failure {
        let found = object[key]?.kind ?? "nothing"
        return Failure("\(place): `\(key)` must be \(expected); found \(found)", code: EX_DATAERR)
    }
}
