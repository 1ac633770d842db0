import Foundation
import Tensor
import TestSupport
import Testing

/// Logits with many equal values, so that ties are common, some of them banned.
private func tiedLogits(_ count: Int, _ random: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in
        random.below(8) == 0 ? -.infinity : Float(random.below(12)) / 4 - 1
    }
}

/// Ids by value descending, then id ascending: what a sort says.
private func ranking(_ logits: [Float]) -> [Int] {
    logits.indices.filter { !logits[$0].isNaN }
        .sorted { (-logits[$0], $0) < (-logits[$1], $1) }
}

/// A row of its own for some logits.
extension LogitRow {
    fileprivate func best(
        _ count: Int, from floor: Float = -.infinity
    ) -> [(id: Int, value: Float)] {
        var list: [(id: Int, value: Float)] = []
        appendBest(count, from: floor, to: &list)
        return list
    }
}

private func row(_ logits: [Float], _ set: InstructionSet) -> LogitRow {
    LogitRow(matrixOf(logits, columns: logits.count), row: 0, instructionSet: set)
}

@Suite("A row of logits")
struct LogitRowTests {
    @Test("of some ids says what a row of all says in which the others are banned")
    func someIDs() {
        var random = SeededGenerator(seed: 37)
        for count in [9, 40, 257] {
            let all = tiedLogits(count, &random)
            let ids = all.indices.filter { $0 % 3 == 1 || $0 == count - 1 }
            let known = Set(ids)
            let banned = all.indices.map { known.contains($0) ? all[$0] : -.infinity }
            for set in availableSets {
                let some = matrixOf(ids.map { all[$0] } + [99, 99], columns: ids.count + 2)
                let own = LogitRow(some, row: 0, of: ids, instructionSet: set)
                let whole = row(banned, set)
                for id in all.indices { #expect(own[id] == banned[id]) }
                for _ in 0..<3 {
                    let best = own.best(5).filter { $0.value > -.infinity }
                    guard let first = best.first else { break }
                    #expect(own.top().id == whole.top().id)
                    #expect(own.best() == whole.best())
                    #expect(
                        best.map(\.id)
                            == whole.best(5).filter { $0.value > -.infinity }.map(\.id))
                    #expect(abs(own.top().logSumExp - whole.top().logSumExp) < 1e-5)
                    for row in [own, whole] {
                        row.ban(first.id)
                        row[0] = 7
                    }
                    whole.ban(0)
                    #expect(own[0] == -.infinity)
                }
            }
        }
    }

    @Test("has the same bits of log-probability with every instruction set")
    func instructionSetsAgree() {
        var random = SeededGenerator(seed: 31)
        for count in [1, 2, 5, 15, 16, 17, 31, 33, 64, 100, 257, 1000] {
            for logits in [random.floats(count, scale: 20), tiedLogits(count, &random)] {
                let results = availableSets.map { row(logits, $0).top() }
                for result in results {
                    #expect(result.id == results[0].id)
                    #expect(
                        result.logSumExp.bitPattern == results[0].logSumExp.bitPattern
                            && result.logProbability.bitPattern
                                == results[0].logProbability.bitPattern
                    )
                }
            }
        }
    }

    @Test("has the greatest at the lowest id, normalised by log Σ exp", arguments: availableSets)
    func top(set: InstructionSet) {
        var random = SeededGenerator(seed: 32)
        for count in [1, 3, 16, 40, 257, 4000] {
            for logits in [random.floats(count, scale: 10), tiedLogits(count, &random) + [0]] {
                let top = row(logits, set).top()
                #expect(top.id == ranking(logits)[0])
                let best = Double(logits[top.id])
                let sum = logits.reduce(0) { $0 + exp(Double($1) - best) }
                #expect(abs(Double(top.logSumExp) - best - log(sum)) < 3e-6)
                #expect(abs(Double(top.logProbability) + log(sum)) < 3e-6)
            }
        }
    }

    @Test("gives the log-softmax that PyTorch 2.15 gives", arguments: availableSets)
    func pinned(set: InstructionSet) {
        let expected = [
            -4.78508186, -2.4725821, -4.16008186, -1.8475821, -3.5350821, -1.2225821, -2.9100821,
            -4.59758186, -2.2850821, -3.9725821, -1.6600821, -3.3475821,
        ]
        let matrix = matrixOf(pattern(12, factor: 37), columns: 12)
        let logits = LogitRow(matrix, row: 0, instructionSet: set)
        let top = logits.top()
        #expect(top.id == 5 && abs(top.logSumExp - 2.78508186) < 1e-6)
        logits.subtract(top.logSumExp)
        #expect(agree(matrix.row(0), expected, tolerance: 1e-6))
    }

    @Test(
        "ranks its best as a sort does, the lower id first among equals", arguments: availableSets)
    func best(set: InstructionSet) {
        var random = SeededGenerator(seed: 33)
        for count in [1, 4, 16, 33, 300, 1001] {
            let rising = (0..<count).map { Float($0) }
            for logits in [
                tiedLogits(count, &random), random.floats(count), rising, rising.reversed(),
            ] {
                let expected = ranking(logits)
                for k in [1, 2, 10, 63, LogitRow.maximumBest] {
                    let got = row(logits, set).best(k)
                    #expect(got.map(\.id) == Array(expected.prefix(k)))
                    #expect(got.allSatisfy { $0.value == logits[$0.id] })
                }
            }
        }
    }

    @Test("passes over what is below a floor", arguments: availableSets)
    func floor(set: InstructionSet) {
        var random = SeededGenerator(seed: 34)
        for count in [1, 15, 16, 33, 300] {
            let logits = tiedLogits(count, &random)
            for floor in [-1, 0.25, 1.75, 2] as [Float] {
                let expected = ranking(logits).filter { logits[$0] >= floor }
                for k in [1, 10, 64] {
                    let got = row(logits, set).best(k, from: floor)
                    #expect(got.map(\.id) == Array(expected.prefix(k)))
                }
            }
        }
    }

    @Test("never has not-a-number as its best, and tells by log Σ exp", arguments: availableSets)
    func notANumber(set: InstructionSet) {
        for count in [1, 15, 16, 17, 40] {
            for place in [0, count / 2, count - 1] {
                var logits = (0..<count).map { Float($0 % 5) }
                logits[place] = .nan
                let expected = ranking(logits)
                let top = row(logits, set).top()
                #expect(count == 1 || (top.id == expected[0] && top.logSumExp.isNaN))
                #expect(top.logProbability.isNaN)
                #expect(row(logits, set).best(64).map(\.id) == Array(expected.prefix(64)))
            }
            let nothing = Array(repeating: Float.nan, count: count)
            #expect(row(nothing, set).best(3).isEmpty)
            #expect(row(nothing, set).top().logProbability.isNaN)
        }
    }

    @Test("can be banned entirely: id 0 and no probability", arguments: availableSets)
    func allBanned(set: InstructionSet) {
        let matrix = matrixOf(Array(repeating: 1, count: 20), columns: 20)
        let logits = LogitRow(matrix, row: 0, instructionSet: set)
        for id in 0..<20 { logits.ban(id) }
        let top = logits.top()
        #expect(top.id == 0 && top.logSumExp == -.infinity && top.logProbability.isNaN)
        #expect(logits.best(4).map(\.id) == [0, 1, 2, 3])
    }

    @Test("leaves banned ids out of the sum", arguments: availableSets)
    func banned(set: InstructionSet) {
        let matrix = matrixOf([5, 1, 1, 9], columns: 4)
        let logits = LogitRow(matrix, row: 0, instructionSet: set)
        logits.ban(0)
        logits.ban(3)
        let top = logits.top()
        #expect(top.id == 1 && abs(top.logProbability - log(Float(0.5))) < 1e-6)
    }

    @Test("normalises logits far from zero", arguments: availableSets)
    func farFromZero(set: InstructionSet) {
        let top = row([3e4, 3e4 - 1, -3e4], set).top()
        #expect(top.id == 0 && abs(top.logProbability + log(1 + exp(Float(-1)))) < 4e-3)
        #expect(row([.infinity, 0], set).top().id == 0)
    }
}
