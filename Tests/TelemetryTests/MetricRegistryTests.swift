import Telemetry
import Testing

@Suite("Metrics as Prometheus text", .timeLimit(.minutes(10)))
struct MetricRegistryTests {
    @Test("Counters are there from the start with zero and count exactly")
    func counters() {
        let registry = MetricRegistry()
        let family = registry.counters(
            "shoal_things_total", help: "Things.", labels: ["kind"], zeroes: [["a"], ["b"]])
        family.labeled("b").increment(by: 3)
        #expect(
            registry.text == """
                # HELP shoal_things_total Things.
                # TYPE shoal_things_total counter
                shoal_things_total{kind="a"} 0
                shoal_things_total{kind="b"} 3

                """)
    }

    @Test("A histogram's buckets are cumulative and inclusive, with +Inf, sum and count")
    func histograms() {
        let registry = MetricRegistry()
        let histogram = registry.histograms(
            "shoal_time_seconds", help: "Time.", bounds: [0.5, 1]
        ).labeled()
        histogram.observe(0.5)
        histogram.observe(1.5, times: 2)
        #expect(
            registry.text == """
                # HELP shoal_time_seconds Time.
                # TYPE shoal_time_seconds histogram
                shoal_time_seconds_bucket{le="0.5"} 1
                shoal_time_seconds_bucket{le="1"} 1
                shoal_time_seconds_bucket{le="+Inf"} 3
                shoal_time_seconds_sum 3.5
                shoal_time_seconds_count 3

                """)
    }

    @Test("Gauges go up and down, callbacks are read when the text is made")
    func gauges() {
        let registry = MetricRegistry()
        let gauge = registry.gauges("shoal_level", help: "Level.").labeled()
        gauge.set(2)
        gauge.add(-0.5)
        registry.callback("shoal_absent", help: "Never there.") { nil }
        registry.callback("shoal_live", help: "Live.") { gauge.value * 2 }
        #expect(registry.text.contains("\nshoal_level 1.5\n"))
        #expect(!registry.text.contains("shoal_absent"))
        #expect(registry.text.contains("\nshoal_live 3\n"))
    }

    @Test("A name that is registered again goes on with what it has counted")
    func registeredAgain() {
        let registry = MetricRegistry()
        func family(_ kinds: [String]) -> MetricFamily<Counter> {
            registry.counters(
                "shoal_things_total", help: "Things.", labels: ["kind"], zeroes: kinds.map { [$0] })
        }
        family(["a"]).labeled("a").increment()
        family(["a", "b"]).labeled("a").increment()
        #expect(
            registry.text == """
                # HELP shoal_things_total Things.
                # TYPE shoal_things_total counter
                shoal_things_total{kind="a"} 2
                shoal_things_total{kind="b"} 0

                """)
    }

    @Test("Histograms that are registered again with other bounds get them and keep their counts")
    func otherBounds() {
        let registry = MetricRegistry()
        func histogram(layers: Int) -> Histogram {
            registry.histograms(
                "shoal_layer", help: "Layer.", bounds: (1...layers).map(Double.init),
                labels: ["model"], zeroes: [["m"]]
            ).labeled("m")
        }
        histogram(layers: 3).observe(2, times: 5)
        let deep = histogram(layers: 5)
        deep.observe(5)
        for line in [#"le="2"} 5"#, #"le="4"} 5"#, #"le="5"} 6"#, #"le="+Inf"} 6"#] {
            #expect(registry.text.contains("shoal_layer_bucket{model=\"m\",\(line)\n"))
        }
        #expect(registry.text.contains("shoal_layer_sum{model=\"m\"} 15\n"))
        histogram(layers: 2).observe(1)
        deep.observe(4)
        for line in [#"le="1"} 1"#, #"le="2"} 6"#, #"le="+Inf"} 8"#] {
            #expect(registry.text.contains("shoal_layer_bucket{model=\"m\",\(line)\n"))
        }
        #expect(!registry.text.contains(#"le="5""#))
    }

    @Test("Quotes, backslashes and line feeds are escaped")
    func escapes() {
        let registry = MetricRegistry()
        _ = registry.gauges(
            "shoal_info", help: "One\nline \\ here.", labels: ["text"], zeroes: [["a\"b\\c\nd"]])
        #expect(registry.text.contains("# HELP shoal_info One\\nline \\\\ here.\n"))
        #expect(registry.text.contains("shoal_info{text=\"a\\\"b\\\\c\\nd\"} 0\n"))
    }

    @Test("The process has used processor time and memory since a plausible start")
    func process() throws {
        let registry = MetricRegistry()
        ProcessMetrics.register(in: registry)
        let values = registry.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .reduce(into: [String: Double]()) { values, line in
                let parts = line.split(separator: " ")
                values[String(parts[0])] = Double(parts[1])
            }
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
        #expect(try #require(values["process_start_time_seconds"]) > 1_700_000_000)
        #expect(try #require(values["process_open_fds"]) >= 3)
    }
}
