/// Decides which drafts pay, by what drafts and passes took and by how often proposals were right.
///
/// A draft that is right saves its sentence a pass, whose worth is a row's share of what a pass takes. It costs a row's share of a run
/// through the lower layers and one row more in the pass: next to nothing while weights take longer to read than to multiply, and as
/// much as it can save once many rows are in flight, so that nothing is drafted then. A pure value: times come from outside.
package struct DraftEconomics {
    private var pass = RunTimes()
    private var draft = RunTimes()
    /// What a draft takes, as a share of a pass, until one was measured.
    private let draftShare: Double
    /// For proposals of each tenth of probability how many were right, of how many.
    private var outcomes: [(right: Double, all: Double)]
    /// Proposals that saved a pass, of all.
    private var savings = (right: 7.0, all: 10.0)
    /// Rows of the step at hand before drafts, and with those that it has.
    private var rows = (before: 1, now: 1)
    /// Steps since anything was drafted.
    private var idleSteps = 0

    /// Steps after which a draft is tried though none seems to pay: what was learnt may no longer hold.
    private static let patience = 64
    /// What a draft has to save for each second that it takes: times are those of the runs before, and what lies between runs is in none.
    private static let caution = 1.1
    /// Outcomes after which older ones count half.
    private static let memory = 1024.0

    /// - Parameter draftShare: bytes of weights that a draft reads, as a share of a pass.
    package init(draftShare: Double) {
        self.draftShare = draftShare
        // A proposal is taken at its word until proposals like it were seen.
        outcomes = (0..<10).map { ((Double($0) + 0.5) / 5, 2) }
    }

    /// Begins a step of so many rows before drafts.
    package mutating func begin(rows count: Int) {
        rows = (max(count, 1), max(count, 1))
        idleSteps += 1
    }

    /// Takes a draft into the step at hand.
    package mutating func addRow() { rows.now += 1 }

    /// A row's share of what a pass takes.
    private var worth: Double { pass.seconds(rows: rows.before) / Double(rows.before) }

    /// Whether it pays to draft behind drafts that are all right with the probability `reach`.
    ///
    /// - Parameters:
    ///   - reach: 0 … 1.
    ///   - sentences: those that would draft together.
    /// - Returns: true also now and then where nothing pays, so that what was learnt is learnt anew.
    package func isWorthDrafting(reach: Double, sentences: Int) -> Bool {
        guard pass.isKnown, rows.now < RunTimes.mostRows else { return false }
        if idleSteps > Self.patience { return true }
        let count = max(sentences, 1)
        let seconds =
            draft.isKnown ? draft.seconds(rows: count) : draftShare * pass.seconds(rows: count)
        return reach * savings.right / savings.all * worth
            > Self.caution * (seconds / Double(count) + pass.furtherRow(after: rows.now))
    }

    /// Whether it pays to verify drafts that are all right with the probability `reach`; true where no pass was seen yet.
    package func isWorthVerifying(reach: Double) -> Bool {
        !pass.isKnown || reach * worth > pass.furtherRow(after: rows.now)
    }

    /// How often proposals of about such a probability were right.
    package func acceptance(ofProbability probability: Float) -> Double {
        let outcome = outcomes[Self.tenth(probability)]
        return outcome.right / outcome.all
    }

    private static func tenth(_ probability: Float) -> Int {
        probability.isNaN ? 0 : min(max(Int(probability * 10), 0), 9)
    }

    /// Learns what became of a proposal whose predecessors were right.
    ///
    /// - Parameters:
    ///   - probability: what the head for drafts gave it.
    ///   - isRight: whether the last layer chose the same.
    ///   - saves: whether verifying it saves a pass: an end of sentence does not.
    package mutating func note(probability: Float, isRight: Bool, saves: Bool) {
        Self.add(isRight, to: &outcomes[Self.tenth(probability)])
        Self.add(saves, to: &savings)
    }

    private static func add(_ isRight: Bool, to outcome: inout (right: Double, all: Double)) {
        if outcome.all > memory { outcome = (outcome.right / 2, outcome.all / 2) }
        outcome.right += isRight ? 1 : 0
        outcome.all += 1
    }

    /// Learns what a pass took.
    package mutating func notePass(rows: Int, seconds: Double) {
        pass.note(rows: rows, seconds: seconds)
    }

    /// Learns what a draft took.
    package mutating func noteDraft(rows: Int, seconds: Double) {
        draft.note(rows: rows, seconds: seconds)
        idleSteps = 0
    }
}

/// What runs of 1, 2, … rows took lately.
///
/// A run of few rows takes what reading its weights takes, one of many what multiplying them takes: where the one becomes the other
/// depends on the machine, so each number of rows is measured by itself.
package struct RunTimes {
    /// Rows up to which runs are told apart; from here on each further row takes as much as those before it.
    static let mostRows = 24

    /// Seconds of a run of 1, 2, … rows; 0: none was seen.
    private var times = Array(repeating: 0.0, count: mostRows)
    /// Whether any was seen.
    package private(set) var isKnown = false

    /// Nothing seen yet.
    package init() {}

    /// Weight of the latest run.
    private static let weight = 0.05
    /// A run that took this many times what was expected was disturbed.
    private static let disturbance = 2.0

    /// Learns what a run took.
    package mutating func note(rows: Int, seconds: Double) {
        let place = min(max(rows, 1), Self.mostRows) - 1
        let seconds =
            rows > Self.mostRows ? seconds * Double(Self.mostRows) / Double(rows) : seconds
        isKnown = true
        guard times[place] > 0 else {
            times[place] = seconds
            return
        }
        let bounded = min(seconds, Self.disturbance * times[place])
        times[place] += Self.weight * (bounded - times[place])
    }

    /// What a run of some rows takes.
    ///
    /// At least what fewer rows take; between numbers of rows that were seen on the line through them, beyond the last what that takes,
    /// so that one more is tried.
    package func seconds(rows: Int) -> Double {
        guard rows <= Self.mostRows else {
            return seconds(rows: Self.mostRows) * Double(rows) / Double(Self.mostRows)
        }
        guard let first = times.firstIndex(where: { $0 > 0 }) else { return 0 }
        var (below, time) = (first, times[first])
        for place in (first + 1)..<max(first + 1, rows) where times[place] > 0 {
            (below, time) = (place, max(time, times[place]))
        }
        guard below < rows - 1, let above = times[rows...].firstIndex(where: { $0 > 0 }) else {
            return time
        }
        let share = Double(rows - 1 - below) / Double(above - below)
        return time + share * max(times[above] - time, 0)
    }

    /// What one row more takes.
    package func furtherRow(after rows: Int) -> Double {
        seconds(rows: rows + 1) - seconds(rows: rows)
    }
}
