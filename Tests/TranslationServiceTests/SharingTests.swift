import Decoding
import Dispatch
import System
import Testing
import TranslationService

@Suite("Requests that share a worker", .timeLimit(.minutes(10)))
struct SharingTests {
    @Test("A short request behind a long one takes part in the first step")
    func shortBehindLong() throws {
        let worker = try SharedWorker(maximumSequences: 2)
        let record = Record()
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            let before = worker.rows
            _ = worker.service.submit(worker.request(texts: 20)) { _ in record.add("long") }
            _ = worker.service.submit(worker.request(texts: 1)) { result in
                let tokens = try? result.get().translations[0].compute.targetTokens
                #expect(worker.rows - before == tokens.map { 2 * $0 })
                record.add("short")
            }
        }
        #expect(record.entries(2) == ["short", "long"])
        worker.service.stop()
    }

    @Test("Requests that come while workers fall idle and busy again are all answered")
    func wakeUps() throws {
        let worker = try SharedWorker(maximumSequences: 2, workers: 2)
        let answered = Lock(0)
        DispatchQueue.concurrentPerform(iterations: 6) { client in
            for turn in 0..<30 {
                let request = worker.request(texts: 1, length: 1 + (client + turn) % 3)
                guard case .success = worker.service.answer(to: request, within: 60) else {
                    return
                }
                answered.withLock { $0 += 1 }
            }
        }
        #expect(answered.withLock { $0 } == 180)
        worker.service.stop()
    }

    @Test("A short request that comes while a long one runs has the place that is free next")
    func newcomer() throws {
        let worker = try SharedWorker(maximumSequences: 2)
        let record = Record()
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            _ = worker.service.submit(worker.request(texts: 20, length: 5)) { _ in
                record.add("long")
            }
            _ = worker.service.submit(worker.request(texts: 1, length: 7)) { _ in
                let before = worker.rows
                _ = worker.service.submit(worker.request(texts: 1, length: 6)) { _ in
                    #expect(worker.rows - before == 2 * 6)
                    record.add("newcomer")
                }
            }
        }
        #expect(record.entries(2) == ["newcomer", "long"])
        worker.service.stop()
    }

    @Test("A stream of short requests leaves a long one its turns")
    func streamOfNewcomers() throws {
        let worker = try SharedWorker(maximumSequences: 1)
        let record = Record()
        let texts = 5
        @Sendable func stream(_ remaining: Int) {
            _ = worker.service.submit(worker.request(texts: 1, length: 2)) { _ in
                if remaining > 1 { stream(remaining - 1) }
                record.add("short")
            }
        }
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            _ = worker.service.submit(worker.request(texts: texts, length: 2)) { _ in
                record.add("long")
            }
            for _ in 0..<3 { stream(20) }
        }
        let place = try #require(record.entries(61).firstIndex(of: "long"))
        // Before each of its turns come the three short ones that wait, and the two that may join.
        #expect(place <= 5 * texts)
        worker.service.stop()
    }

    @Test("Where more wait than have room, sentences enter in groups")
    func groups() throws {
        let worker = try SharedWorker(maximumSequences: 8)
        let record = Record()
        let single = #"shoal_batch_sequences_bucket{stage="encode",le="1"}"#
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            // One place becomes free with every step.
            for length in 10..<18 {
                _ = worker.service.submit(worker.request(texts: 1, length: length)) { _ in
                    record.add("first")
                }
            }
            for _ in 0..<8 {
                _ = worker.service.submit(worker.request(texts: 1, length: 40)) { _ in
                    record.add("second")
                }
            }
        }
        #expect(
            record.entries(16) == Array(repeating: "first", count: 8)
                + Array(repeating: "second", count: 8))
        // The first request of all came alone.
        #expect(worker.metric(single) == 1)
        worker.service.stop()
    }

    @Test("A place stays free for a group to gather for six steps at most")
    func patience() throws {
        let worker = try SharedWorker(maximumSequences: 8)
        let record = Record()
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            for _ in 0..<7 {
                _ = worker.service.submit(worker.request(texts: 1, length: 60)) { _ in
                    record.add("long")
                }
            }
            _ = worker.service.submit(worker.request(texts: 1, length: 4)) { _ in
                let before = worker.rows
                _ = worker.service.submit(worker.request(texts: 1, length: 5)) { _ in
                    // Six steps without it, and five of its own.
                    #expect(worker.rows - before == 6 * 7 + 5 * 8)
                    record.add("next")
                }
                _ = worker.service.submit(worker.request(texts: 1, length: 5)) { _ in
                    record.add("last")
                }
            }
        }
        #expect(record.entries(9).prefix(2) == ["next", "last"])
        worker.service.stop()
    }

    @Test("What is given up takes part in no further step")
    func cancellation() throws {
        let worker = try SharedWorker(maximumSequences: 3)
        let record = Record()
        let cancel = Lock<(@Sendable () -> Void)?>(nil)
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            let long = worker.service.submit(worker.request(texts: 4, length: 200)) { result in
                if case .failure(.cancelled) = result { record.add("cancelled") }
            }
            cancel.withLock { $0 = long }
            _ = worker.service.submit(worker.request(texts: 1, length: 4)) { _ in
                #expect(worker.runningSentences == 2)
                cancel.withLock { $0 }?()
                expectAlone(worker, record)
            }
        }
        #expect(record.entries(2) == ["cancelled", "alone"])
        worker.service.stop()
    }

    @Test("Waiting tokens are bounded, and a request that waits alone is taken whatever its size")
    func queuedTokens() throws {
        let worker = try SharedWorker(maximumSequences: 1, maximumQueuedTokens: 12)
        let record = Record()
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            _ = worker.service.submit(worker.request(texts: 3)) { _ in record.add("large") }
            _ = worker.service.submit(worker.request(texts: 1)) { result in
                if case .failure(.overloaded) = result { record.add("refused") }
            }
            // Six tokens a text.
            #expect(worker.metric("shoal_queue_source_tokens") == 18)
            #expect(worker.metric("shoal_queue_requests") == 1)
        }
        #expect(record.entries(2) == ["refused", "large"])
        worker.service.stop()
        #expect(worker.metric("shoal_queue_source_tokens") == 0)
    }

    @Test(
        "Sentences whose hypotheses would need more positions than a full greedy batch do not enter together"
    )
    func positions() throws {
        let worker = try SharedWorker(maximumSequences: 4)
        let record = Record()
        _ = worker.service.submit(worker.request(texts: 1, length: 2)) { _ in
            // Each may come to 1,600 positions, of the 1,024 that four places with 256 have.
            var wide = worker.request(texts: 3, length: 200)
            wide.options.beamSize = 8
            _ = worker.service.submit(wide) { result in
                record.add((try? result.get()) == nil ? "failed" : "wide")
            }
            _ = worker.service.submit(worker.request(texts: 2, length: 4)) { _ in
                record.add("narrow")
            }
        }
        #expect(Set(record.entries(2)) == ["wide", "narrow"])
        worker.service.stop()
        let bucket = #"shoal_batch_sequences_bucket{stage="decode",le="8"}"#
        #expect(
            worker.metric(bucket) == worker.metric(#"shoal_batch_sequences_count{stage="decode"}"#))
    }

    @Test("What is past its deadline takes part in no further step")
    func deadline() throws {
        let worker = try SharedWorker(maximumSequences: 3)
        let record = Record()
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            var long = worker.request(texts: 4, length: 200)
            long.timeout = 1
            _ = worker.service.submit(long) { result in
                if case .failure(.deadlineExceeded) = result { record.add("late") }
            }
            _ = worker.service.submit(worker.request(texts: 1, length: 4)) { _ in
                #expect(worker.runningSentences == 2)
                worker.time.withLock { $0 = 1 }
                expectAlone(worker, record)
            }
        }
        #expect(record.entries(2) == ["late", "alone"])
        worker.service.stop()
    }
}

/// Submits a request, and expects that it has all steps until its answer for itself.
private func expectAlone(_ worker: SharedWorker, _ record: Record) {
    let before = worker.rows
    _ = worker.service.submit(worker.request(texts: 1, length: 9)) { _ in
        #expect(worker.rows - before == 9)
        #expect(worker.runningSentences == 0)
        #expect(worker.metric("shoal_queue_requests") == 0)
        record.add("alone")
    }
}
