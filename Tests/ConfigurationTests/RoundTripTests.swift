import Configuration
import TestSupport
import Testing

@Suite("Settings as text, read again", .timeLimit(.minutes(10)))
struct RoundTripTests {
    /// Values of every kind, right ones and wrong ones: each setting takes those that fit it.
    private static let values: [String] = {
        let durations = ["ms", "s", "m"].flatMap { unit in
            [
                "0", "1", "7", "90", "100", "1500", "0.1", "0.3", "1.5", "0.0005", "1e-3",
                "123.456789",
            ]
            .map { $0 + unit }
        }
        let sizes = ["B", "KiB", "MiB"].flatMap { unit in
            ["64", "100", "1000", "1023", "1024", "1025", "65536", "268435456", "256"]
                .map { $0 + unit }
        }
        let numbers = [
            "0", "1", "2", "16", "19", "64", "100", "1023", "4096", "65535", "1000000", "1.0",
            "0.1",
            "1e3", "1e9", "333.3333333333333", "0.5", "1e-05", "0.9,0.8,0.7,0.6,0.5", "1,1",
        ]
        let texts = [
            "", "a", "*", "::", "::1", "0.0.0.0", "localhost", "null", "~", "Null", "true", "yes",
            "no",
            "false", "0x1F", "1_000", "- a", "-", "--- a", "? a", ": a", "a: b", "a #b", "#", "&a",
            "*a",
            "!a", "!!int 3", "|", ">", "%a", "@a", "`a`", "'a'", "\"a\"", "a\"b\\c", "{a: b}",
            "[a, b]",
            " a", "a ", "a\tb", "a\nb", "a\r\nb", "\u{1}", "\u{7F}", "\u{85}", "\u{A0}", "\u{2028}",
            "\u{FEFF}a", "\u{FFFE}", "Ä/ß/日本", "😀", "/tmp/a b/c", "https://example.org",
            "https://a.example:8443,http://b.example", "/livez,/metrics", "/livez, /metrics",
            "other",
            "full", "confidence", "int8", "float32", "json", "debug", "start", "refuse", "default",
            "2026-01-01",
            "1:30",
            "0o17", ".inf", ".nan", "<<", "=", ",", "a,", "e\u{301}",
        ]
        return durations + sizes + numbers + texts
    }()

    @Test(
        "Every value that a setting takes is printed so that a file sets the same",
        arguments: Setting<ServerSettings>.all.map(\.key))
    func everyValue(key: String) throws {
        let setting = try #require(Setting<ServerSettings>.all.first { $0.key == key })
        let directory = try TemporaryDirectory()
        var taken = 0
        for value in Self.values {
            var line = SettingsLoader.CommandLine()
            line.values = [(setting, value, "flag \(value)")]
            guard let given = try? SettingsLoader(line, environment: [:]) else { continue }
            taken += 1
            try directory.write(Array(given.text.utf8), to: "server.yaml")
            var file = SettingsLoader.CommandLine()
            file.configurationPath = directory.path + "/server.yaml"
            let read = try SettingsLoader(file, environment: [:])
            #expect(setting.read(read.settings) == setting.read(given.settings))
            #expect(Self.values(of: read.text) == Self.values(of: given.text))
            // The text that a setting shows is one that it takes.
            var again = ServerSettings()
            #expect(setting.write(&again, setting.read(given.settings)))
            #expect(setting.read(again) == setting.read(given.settings))
        }
        #expect(taken > 0)
    }

    /// What is printed, without where it comes from.
    private static func values(of text: String) -> [Substring] {
        text.split(separator: "\n").map { line in
            line[..<(line.ranges(of: "  # ").last?.lowerBound ?? line.endIndex)]
        }
    }

    @Test(
        "A duration is shown as it is",
        arguments: [
            (0, "0s"), (0.1, "100ms"), (1.5, "1500ms"), (30, "30s"), (3600, "3600s"),
            (86400, "86400s"), (0.0005, "0.5ms"), (1e300, "1e+300s"), (.infinity, "infs"),
            (.nan, "nans"), (9.3e18, "9.3e+18s"),
        ])
    func durations(_ seconds: Double, _ text: String) {
        #expect(Units.duration(seconds) == text)
    }

    @Test(
        "What is no duration, or an endless one, is none",
        arguments: ["", "s", "ms", "-1s", "nans", "infs", "1", "1h", "1 s", "1e400s", "0x"])
    func noDurations(_ text: String) {
        #expect(Units.seconds(text) == nil)
    }

    @Test("A thousandth is the number nearest to it")
    func thousandths() {
        for count in 0..<2000 {
            #expect(Units.seconds("\(count)ms") == Double("\(count)e-3"))
        }
    }
}
