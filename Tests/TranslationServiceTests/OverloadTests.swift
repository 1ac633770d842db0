import System
import TestSupport
import Testing
import TranslationService

@Suite("More requests than a service can answer in time", .timeLimit(.minutes(10)))
struct OverloadTests {
    @Test(
        "What cannot be answered within its deadline is refused at once, and what is taken is in time"
    )
    func refusal() throws {
        // A machine on which looking at the clock takes long.
        let worker = try SharedWorker(maximumSequences: 2, secondsPerLook: 0.05)
        let record = Record()
        let retries = Lock<[Double]>([])
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            for _ in 0..<40 {
                var request = worker.request(texts: 1, length: 10)
                request.timeout = 20
                _ = worker.service.submit(request) { result in
                    switch result {
                    case .success: record.add("answered")
                    case .failure(.overloaded(let seconds)):
                        retries.withLock { $0.append(seconds) }
                        record.add("refused")
                    case .failure: record.add("late")
                    }
                }
            }
        }
        let entries = record.entries(40)
        worker.service.stop()
        #expect(entries.count { $0 == "answered" } >= 2)
        #expect(entries.count { $0 == "refused" } >= 10)
        #expect(!entries.contains("late"))
        #expect(retries.withLock { $0 }.allSatisfy { $0 > 0 && $0 < 100 })
    }

    @Test("Requests without a deadline are bounded by their number alone")
    func patience() throws {
        let worker = try SharedWorker(maximumSequences: 2, secondsPerLook: 0.05)
        let record = Record()
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            for _ in 0..<40 {
                _ = worker.service.submit(worker.request(texts: 1, length: 10)) { result in
                    record.add((try? result.get()) == nil ? "refused" : "answered")
                }
            }
        }
        #expect(record.entries(40) == Array(repeating: "answered", count: 40))
        worker.service.stop()
    }

    @Test(
        "A service for which the system has no threads is an error that says so, and leaves none behind"
    )
    func noThreads() throws {
        for available in 0...2 {
            let given = Lock(0)
            #expect {
                try SharedWorker(maximumSequences: 2, workers: 2) { niceness, body in
                    let isGiven = given.withLock { given in
                        given += 1
                        return given <= available
                    }
                    return isGiven && WorkerThread.start(niceness: niceness, body)
                }
            } throws: { error in
                "\(error)".contains("\(available) of 3 threads")
            }
        }
    }
}
