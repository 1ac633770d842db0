import Certification
import Checkpoint
import Digest
import TestSupport
import Testing

private let certificate = ExitCertificate(
    risk: .chrF, delta: 0.1, epsilon: 0.05, sentences: 500,
    text: String(repeating: "0", count: 64), network: String(repeating: "1", count: 64),
    precision: "float32", policy: .confidence, layer: nil, thresholds: [0.5, 0.25],
    candidates: 16, operations: 0.5, averageExit: 2)

/// So many losses, 0 … 1, about a fifth of them not 0.
private func losses(_ count: Int, seed: UInt64) -> [Double] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
        let value = Double(random.next() >> 11) * 0x1p-53
        return value < 0.2 ? 5 * value : 0
    }
}

/// A state of one certificate that has seen some losses.
private func state(_ losses: [Double], delta: Double = 0.1) -> WatchState {
    var martingale = BettingMartingale(delta: delta)
    for loss in losses { martingale.take(loss) }
    return WatchState(entries: [.init(model: "a \"model\"", certificate, martingale)])
}

@Suite("What a watch has seen, on disk", .timeLimit(.minutes(10)))
struct WatchStateTests {
    @Test(
        "A stream that is broken off anywhere and gone on with gives the same evidence to the bit")
    func continuation() throws {
        for (seed, delta) in [0.001, 0.1, 0.3, 1.0.nextDown].enumerated() {
            let losses = losses(600, seed: UInt64(seed))
            var whole = BettingMartingale(delta: delta)
            var broken = WatchState(entries: [.init(model: "m", certificate, whole)])
            for (index, loss) in losses.enumerated() {
                whole.take(loss)
                var martingale = broken.entries[0].martingale
                martingale.take(loss)
                broken = WatchState(entries: [.init(model: "m", certificate, martingale)])
                if index % 7 == 0 { broken = try WatchState(broken.bytes) }
                let found = broken.entries[0].martingale
                #expect(found == whole)
                #expect(found.logEvidence.bitPattern == whole.logEvidence.bitPattern)
                #expect(
                    found.greatestLogEvidence.bitPattern == whole.greatestLogEvidence.bitPattern)
            }
        }
    }

    @Test("What is refuted stays refuted, whatever is lost later")
    func refuted() throws {
        let before = state(.init(repeating: 1, count: 50) + .init(repeating: 0, count: 5000))
        let after = try WatchState(before.bytes)
        #expect(after == before)
        #expect(after.entries[0].martingale.refutes(epsilon: 0.05))
        let martingale = after.entries[0].martingale
        #expect(martingale.logEvidence < martingale.greatestLogEvidence)
        #expect(try WatchState(WatchState(entries: []).bytes) == WatchState(entries: []))
    }

    @Test("A file in which anything is changed, cut off or added is refused")
    func damaged() {
        let whole = state(losses(100, seed: 1)).bytes
        for end in 0..<whole.count {
            #expect(throws: WatchState.Fault.self) { try WatchState(Array(whole[..<end])) }
        }
        var random = SeededGenerator(seed: 2)
        for _ in 0..<3000 {
            var bytes = whole
            random.mutate(&bytes)
            guard bytes != whole else { continue }
            #expect(throws: WatchState.Fault.self) { try WatchState(bytes) }
        }
    }

    @Test(
        "A file of another version, and one that no watch can have written, is refused and named so"
    )
    func other() {
        let whole = String(decoding: state(losses(20, seed: 3)).bytes, as: UTF8.self)
        let next = whole.replacing("shoal-watch 1 ", with: "shoal-watch 2 ")
        #expect(throws: WatchState.Fault.otherFormat) { try WatchState(Array(next.utf8)) }
        let body = whole.drop { $0 != "\n" }.dropFirst()
        let changes: [(Regex<Substring>, String)] = [
            (/"count":20/, #""count":-1"#), (/"count":20/, #""count":1"#),
            (/"delta":0.1/, #""delta":1.5"#), (/"greatest":[^,]*/, #""greatest":-1"#),
            (/"constant":\[[^,]*,/, #""constant":["#), (/"variance":[^}]*/, #""variance":2"#),
            (/"variance":[^}]*/, #""variance":null"#), (/"risk":"chrf"/, #""risk":"none"#),
            (/"mean":[^,]*/, #""mean":-0.5"#), (/"entries":/, #""entry":"#),
            (/"wealth":[^,]*/, #""wealth":1e300"#),
        ]
        for (pattern, text) in changes {
            let changed = Array(
                String(body).replacing(pattern, with: text, maxReplacements: 1).utf8)
            #expect(changed != Array(body.utf8))
            #expect(throws: WatchState.Fault.otherFormat, "\(text)") {
                try WatchState(Array("shoal-watch 1 \(checksum(changed))\n".utf8) + changed)
            }
        }
    }

    @Test("Whatever is different between two certificates gives them other digests")
    func digests() {
        var digests: Set<String> = [certificate.digest]
        let changes: [(inout ExitCertificate) -> Void] = [
            { $0.network = String(repeating: "2", count: 64) }, { $0.precision = "int8" },
            { $0.risk = .disagreement }, { $0.delta = 0.2 }, { $0.epsilon = 0.01 },
            { $0.thresholds = [0.5, 0.5] }, { $0.candidates = 8 }, { $0.sentences = 501 },
            { $0.text = String(repeating: "3", count: 64) }, { $0.operations = 0.6 },
            { ($0.policy, $0.thresholds, $0.layer) = (.fixed, nil, 1) },
        ]
        for change in changes {
            var other = certificate
            change(&other)
            digests.insert(other.digest)
        }
        #expect(digests.count == changes.count + 1)
        #expect(digests.allSatisfy { $0.utf8.count == 64 })
    }

    private func checksum(_ body: [UInt8]) -> String {
        SHA256.digest(body).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
