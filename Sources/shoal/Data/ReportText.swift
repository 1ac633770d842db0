import CorpusPreparation
import JSON

/// What has become of a text, as `shoal data` prints it.
struct ReportText {
    let report: PreparationReport
    let heldOutCount: Int
    let seed: UInt64
    let placeName: (PairPlace) -> String

    /// A table: counts, and the first places.
    var table: String {
        let dropped = DropReason.allCases.compactMap { reason in
            report.dropped[reason].map { row("  " + reason.rawValue, $0) }
        }
        let added = Augmentation.allCases.compactMap { kind in
            report.added[kind].map { row("  " + kind.rawValue, $0) }
        }
        let lines =
            [row("", "pairs", "first at"), row("read", report.readCount)]
            + [row("dropped", report.droppedCount)] + dropped
            + [row("kept", report.keptCount)]
            + (report.changed.count > 0 ? [row("  changed by cleaning", report.changed)] : [])
            + [row("added", report.writtenCount - report.keptCount)] + added
            + (report.notAdded.count > 0 ? [row("  not added: held out", report.notAdded)] : [])
            + [row("written", report.writtenCount)]
        return lines.map { String($0.reversed().drop { $0 == " " }.reversed()) + "\n" }.joined()
    }

    private func row(_ name: String, _ count: String, _ places: String) -> String {
        let blanks = String(repeating: " ", count: max(0, 11 - count.count))
        return name.padding(to: 22) + blanks + count + "   " + places
    }

    private func row(_ name: String, _ count: Int) -> String { row(name, "\(count)", "") }

    private func row(_ name: String, _ tally: PreparationReport.Tally) -> String {
        row(name, "\(tally.count)", tally.examples.map(placeName).joined(separator: " "))
    }

    /// The same as JSON, on one line.
    var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("read")
        writer.value(report.readCount)
        writer.name("kept")
        writer.value(report.keptCount)
        writer.name("written")
        writer.value(report.writtenCount)
        writer.name("held_out_texts")
        writer.value(heldOutCount)
        writer.name("seed")
        writer.value(seed)
        write("changed", report.changed, to: &writer)
        write("not_added_held_out", report.notAdded, to: &writer)
        write("dropped", DropReason.allCases.map { ($0.rawValue, report.dropped[$0]) }, to: &writer)
        write("added", Augmentation.allCases.map { ($0.rawValue, report.added[$0]) }, to: &writer)
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    private func write(
        _ name: String, _ tallies: [(String, PreparationReport.Tally?)], to writer: inout JSONWriter
    ) {
        writer.name(name)
        writer.beginObject()
        for case (let name, let tally?) in tallies { write(name, tally, to: &writer) }
        writer.endObject()
    }

    private func write(
        _ name: String, _ tally: PreparationReport.Tally, to writer: inout JSONWriter
    ) {
        writer.name(name)
        writer.beginObject()
        writer.name("count")
        writer.value(tally.count)
        writer.name("first_at")
        writer.beginArray()
        for place in tally.examples { writer.value(placeName(place)) }
        writer.endArray()
        writer.endObject()
    }
}
