import Decoding
import Testing

/// A machine on which a pass of r rows takes what reading or what multiplying takes, whichever is longer.
private struct Machine {
    var reading = 1.0
    var row = 0.4

    func pass(_ rows: Int) -> Double { max(reading, row * Double(rows)) }
    func draft(_ rows: Int) -> Double { 0.15 * pass(rows) }
}

/// Drafts as `Drafter` does for some sentences whose proposals are right with a probability, and counts the time of a token.
private struct Simulation {
    var economics = DraftEconomics(draftShare: 0.15)
    let machine: Machine
    private(set) var seconds = 0.0
    private(set) var tokens = 0
    private(set) var drafted = 0
    private var state: UInt64 = 1

    init(_ machine: Machine) { self.machine = machine }

    private mutating func isRight(_ probability: Double) -> Bool {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 33) / Double(1 << 31) < probability
    }

    mutating func run(steps: Int, sentences: Int, probability: Float) {
        for _ in 0..<steps { step(sentences, probability) }
    }

    private mutating func step(_ sentences: Int, _ probability: Float) {
        economics.begin(rows: sentences)
        var reach = 1.0
        var drafts = 0
        while drafts < 16, economics.isWorthDrafting(reach: reach, sentences: sentences) {
            seconds += machine.draft(sentences)
            economics.noteDraft(rows: sentences, seconds: machine.draft(sentences))
            reach *= economics.acceptance(ofProbability: probability)
            guard economics.isWorthVerifying(reach: reach) else { break }
            for _ in 0..<sentences { economics.addRow() }
            drafts += 1
        }
        let rows = sentences * (drafts + 1)
        seconds += machine.pass(rows)
        economics.notePass(rows: rows, seconds: machine.pass(rows))
        drafted += drafts * sentences
        for _ in 0..<sentences {
            var accepted = 0
            while accepted < drafts {
                let right = isRight(Double(probability))
                economics.note(probability: probability, isRight: right, saves: right)
                guard right else { break }
                accepted += 1
            }
            tokens += accepted + 1
        }
    }

    var secondsOfToken: Double { seconds / Double(tokens) }
}

@Suite("What drafts are worth")
struct DraftEconomicsTests {
    @Test("A sentence alone has drafts that make its tokens cheaper", arguments: [0.5, 0.75, 0.95])
    func alone(probability: Double) {
        var simulation = Simulation(Machine())
        simulation.run(steps: 2000, sentences: 1, probability: Float(probability))
        #expect(simulation.drafted > 1000)
        #expect(simulation.secondsOfToken < 0.85)
    }

    @Test("More drafts are made where they are more often right and rows cost less")
    func more() {
        func drafted(_ row: Double, _ probability: Float) -> Int {
            var simulation = Simulation(Machine(row: row))
            simulation.run(steps: 1000, sentences: 1, probability: probability)
            return simulation.drafted
        }
        #expect(drafted(0.05, 0.95) > drafted(0.05, 0.6))
        #expect(drafted(0.05, 0.95) > drafted(0.45, 0.95))
    }

    @Test("Many sentences together have hardly any", arguments: [8, 24, 64])
    func together(sentences: Int) {
        var simulation = Simulation(Machine())
        simulation.run(steps: 2000, sentences: sentences, probability: 0.9)
        var plain = 0.0
        for _ in 0..<2000 { plain += simulation.machine.pass(sentences) }
        let secondsOfToken = plain / Double(2000 * sentences)
        #expect(simulation.secondsOfToken < 1.03 * secondsOfToken)
        #expect(simulation.drafted < 2000 * sentences / 20)
    }

    @Test("Proposals that are never right soon cost nothing")
    func wrong() {
        var simulation = Simulation(Machine())
        simulation.run(steps: 4000, sentences: 1, probability: 0)
        #expect(simulation.secondsOfToken < 1.03)
    }

    @Test("Drafts come back when proposals are right again")
    func recovery() {
        var simulation = Simulation(Machine())
        simulation.run(steps: 2000, sentences: 1, probability: 0.05)
        let before = simulation.drafted
        simulation.run(steps: 20_000, sentences: 1, probability: 0.95)
        #expect(simulation.drafted > before + 10_000)
    }

    @Test("A run that was disturbed does not end drafts")
    func disturbance() {
        var times = RunTimes()
        for _ in 0..<100 { times.note(rows: 1, seconds: 1) }
        times.note(rows: 1, seconds: 1000)
        #expect(times.seconds(rows: 1) < 1.1)
    }

    @Test("More rows never take less, and unseen numbers of rows what lies between")
    func runTimes() {
        var times = RunTimes()
        #expect(!times.isKnown)
        times.note(rows: 3, seconds: 2)
        #expect(times.seconds(rows: 1) == 2)
        times.note(rows: 1, seconds: 1)
        times.note(rows: 5, seconds: 1.5)
        #expect(times.seconds(rows: 2) == 1.5)
        #expect(times.seconds(rows: 5) == 2)
        #expect(times.seconds(rows: 9) == 2)
        #expect(times.furtherRow(after: 2) == 0.5)
        times.note(rows: 48, seconds: 8)
        #expect(times.seconds(rows: 96) == 16)
    }
}
