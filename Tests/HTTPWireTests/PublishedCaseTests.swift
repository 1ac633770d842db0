import TestSupport
import Testing

@Suite("Request tests of other projects")
struct PublishedCaseTests {
    @Test("All cases are there, each with its own name")
    func counts() {
        #expect(PublishedCase.llhttp.count == 136)
        #expect(PublishedCase.gunicorn.count == 115)
        #expect(Set(PublishedCase.all.map(\.name)).count == PublishedCase.all.count)
    }

    @Test(
        "Each gets its authors' verdict, or ours by exception, however it is split",
        arguments: PublishedCase.all)
    func verdict(_ example: PublishedCase) {
        let bytes = example.bytes
        let reading = Reading(of: [bytes[...]])
        if let exception = ConformanceException.all.first(where: { $0.name == example.name }) {
            #expect(reading.description == exception.verdict)
            #expect(!example.expects(reading), "the exception is no longer needed")
        } else {
            #expect(example.expects(reading), "\(reading)")
        }
        #expect(Reading(of: bytes.indices.map { bytes[$0...$0] }) == reading)
        var generator = SeededGenerator(seed: 2)
        for longest in [3, 17, 400] {
            #expect(Reading(of: generator.split(bytes, longest: longest)) == reading)
        }
    }

    @Test(
        "Without the Host field that the import adds, no request of HTTP/1.1 is served",
        arguments: PublishedCase.all)
    func hostIsRequired(_ example: PublishedCase) throws {
        guard let added = example.bytes.firstRange(of: PublishedCase.addedHost) else { return }
        var bytes = example.bytes
        bytes.removeSubrange(added)
        let served = Reading(of: [bytes[...]]).requests.count
        // A request of HTTP/1.0 may come before it.
        #expect(served <= Reading(of: [example.bytes[..<added.lowerBound]]).requests.count)
    }
}
