/// One key of a configuration of type `Root`: the same in a file, in the environment and as a flag.
package struct Setting<Root> {
    /// As in the file, with dots.
    package let key: String
    /// For people, one line.
    package let help: String
    /// What a value looks like.
    package let range: String
    /// Its value as text.
    package let read: (Root) -> String
    /// Sets it; false where the text is no such value.
    package let write: (inout Root, String) -> Bool
    /// Whether its default follows from the machine.
    package var followsMachine = false
    /// Whether its value may be a list, which is a text with commas between.
    package var takesList = false
    /// Whether its value is a structure, which is a text in YAML outside a file.
    package var takesStructure = false
    /// What is wrong with a text that `write` refuses; nil: no more than that it is not in the range.
    package var fault: (String) -> String? = { _ in nil }
    /// What a shell can offer as a value.
    package var values = Values.any

    /// Values that a shell can offer.
    package enum Values: Sendable {
        case any
        case files
        case directories
        case names([String])
    }

    /// A setting that reads and writes its value as text.
    package init(
        key: String, help: String, range: String, read: @escaping (Root) -> String,
        write: @escaping (inout Root, String) -> Bool
    ) {
        self.key = key
        self.help = help
        self.range = range
        self.read = read
        self.write = write
    }

    /// The same setting, with a default that follows from the machine.
    package func followingMachine() -> Setting {
        var setting = self
        setting.followsMachine = true
        return setting
    }

    /// The same setting, whose value may be a list.
    package func takingList() -> Setting {
        var setting = self
        setting.takesList = true
        return setting
    }

    /// The same setting, with values that a shell can offer.
    package func offering(_ values: Values) -> Setting {
        var setting = self
        setting.values = values
        return setting
    }

    /// SHOAL_ and the key in capitals with underscores.
    package var environment: String {
        "SHOAL_" + key.uppercased().replacing(".", with: "_")
    }

    /// -- and the key with dashes; that of `models` would be the short spelling of `model.directory`.
    package var flag: String {
        key == "models"
            ? "--model-list" : "--" + key.replacing(".", with: "-").replacing("_", with: "-")
    }

    /// The short spelling of the keys that are given most often.
    package var shortFlag: String? {
        switch key {
        case "model.path": "--model"
        case "model.directory": "--models"
        case "models": "--model-list"
        case "server.listen.host": "--host"
        case "server.listen.port": "--port"
        default: nil
        }
    }
}

extension Setting {
    /// How the values of a setting are written.
    private struct Notation<Value> {
        /// What a value looks like, for people.
        let range: String
        /// A value as text.
        let show: (Value) -> String
        /// A text as a value; nil where it is none in the range.
        let parse: (String) -> Value?
    }

    /// A setting kept at a path, in a notation.
    private static func kept<Value>(
        _ key: String, _ path: WritableKeyPath<Root, Value>, _ help: String,
        _ notation: Notation<Value>
    ) -> Setting {
        Setting(
            key: key, help: help, range: notation.range,
            read: { notation.show($0[keyPath: path]) },
            write: { settings, text in
                guard let value = notation.parse(text) else { return false }
                settings[keyPath: path] = value
                return true
            })
    }

    /// A quantity in a range, in a notation of its own.
    private static func kept<Value: Comparable>(
        _ key: String, _ path: WritableKeyPath<Root, Value>, in range: ClosedRange<Value>,
        _ help: String, _ notation: (show: (Value) -> String, parse: (String) -> Value?)
    ) -> Setting {
        let (show, parse) = notation
        return kept(
            key, path, help,
            .init(
                range: "\(show(range.lowerBound)) to \(show(range.upperBound))", show: show,
                parse: { parse($0).flatMap { range.contains($0) ? $0 : nil } }))
    }

    /// A whole number in a range.
    package static func integer(
        _ key: String, _ path: WritableKeyPath<Root, Int>, _ range: ClosedRange<Int>,
        _ help: String
    ) -> Setting {
        kept(key, path, in: range, help, (show: { String($0) }, parse: { Int($0) }))
    }

    /// A number in a range.
    package static func number(
        _ key: String, _ path: WritableKeyPath<Root, Double>, _ range: ClosedRange<Double>,
        _ help: String
    ) -> Setting {
        kept(key, path, in: range, help, (show: { String($0) }, parse: { Double($0) }))
    }

    /// A size in bytes, in a range.
    package static func size(
        _ key: String, _ path: WritableKeyPath<Root, Int>, _ range: ClosedRange<Int>,
        _ help: String
    ) -> Setting {
        kept(key, path, in: range, help, (show: Units.size, parse: Units.bytes))
    }

    /// A duration, in a range of seconds.
    package static func duration(
        _ key: String, _ path: WritableKeyPath<Root, Double>,
        _ range: ClosedRange<Double>, _ help: String
    ) -> Setting {
        kept(key, path, in: range, help, (show: Units.duration, parse: Units.seconds))
    }

    /// A text that is not empty and that the system can be given.
    package static func text(
        _ key: String, _ path: WritableKeyPath<Root, String>, _ help: String, range: String
    ) -> Setting {
        kept(
            key, path, help,
            .init(range: range, show: { $0 }, parse: { $0.isEmpty ? nil : Self.named($0) }))
    }

    /// A text that may be empty.
    package static func optionalText(
        _ key: String, _ path: WritableKeyPath<Root, String>, _ help: String,
        range: String = "a directory, or empty"
    ) -> Setting {
        kept(key, path, help, .init(range: range, show: { $0 }, parse: { Self.named($0) }))
    }

    /// A name that does not end for the system before it does for us, and does not begin with a byte order
    /// mark, which readers of files drop.
    static func named(_ text: String) -> String? {
        text.utf8.contains(0) || text.unicodeScalars.first == "\u{FEFF}" ? nil : text
    }

    /// Yes or no.
    package static func flag(
        _ key: String, _ path: WritableKeyPath<Root, Bool>, _ help: String
    ) -> Setting {
        kept(
            key, path, help,
            .init(range: "true, false", show: { String($0) }, parse: { Bool($0) })
        ).offering(.names(["true", "false"]))
    }

    /// One of several names, those whose choice fits.
    package static func choice<
        Choice: RawRepresentable<String> & CaseIterable & SendableMetatype
    >(
        _ key: String, _ path: WritableKeyPath<Root, Choice>, _ help: String,
        where fits: @escaping @Sendable (Choice) -> Bool = { _ in true }
    ) -> Setting {
        let names = Choice.allCases.filter(fits).map(\.rawValue)
        return kept(
            key, path, help,
            .init(
                range: names.joined(separator: ", "), show: \.rawValue,
                parse: { Choice(rawValue: $0).flatMap { fits($0) ? $0 : nil } })
        ).offering(.names(names))
    }

    /// A layer of the decoder; empty leaves it to the model.
    package static func layer(
        _ key: String, _ path: WritableKeyPath<Root, Int?>, _ help: String
    ) -> Setting {
        optional(key, path, 1...Int.max, help, range: "a layer from 1 on, or empty")
    }

    /// A whole number that may be left open; empty leaves it open.
    package static func optional(
        _ key: String, _ path: WritableKeyPath<Root, Int?>, _ values: ClosedRange<Int>,
        _ help: String, range: String
    ) -> Setting {
        Setting(
            key: key, help: help, range: range,
            read: { $0[keyPath: path].map(String.init) ?? "" },
            write: { settings, text in
                let value = Int(text)
                guard text.isEmpty || value.map(values.contains) == true else { return false }
                settings[keyPath: path] = value
                return true
            })
    }
}
