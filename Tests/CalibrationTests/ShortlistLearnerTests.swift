import Calibration
import Checkpoint
import TestSupport
import Testing

@Suite("Shortlists that are learnt of translations")
struct ShortlistLearnerTests {
    private let checkpoint: Checkpoint
    private var learner: ShortlistLearner

    init() throws {
        let directory = try TemporaryDirectory()
        var options = CheckpointWriter.Options()
        options.vocabularySize = 40
        try CheckpointWriter(options).write(to: directory)
        checkpoint = try Checkpoint(directory: directory.path)
        learner = ShortlistLearner(checkpoint.configuration)
    }

    private var end: Int { checkpoint.configuration.endOfSentenceID }

    @Test("A source id has the target ids that were made of it, the most frequent first")
    mutating func lists() {
        learner.add(source: [5, 6, end], target: [11, 12, 13, end], alignment: [0, 1, 1, 2])
        learner.add(source: [6, 5, end], target: [13, 10, end], alignment: [0, 1, 2])
        let lists = learner.lists(best: 2, frequent: 0)
        #expect(lists.count == 40)
        #expect(lists[5] == [10, 11])
        #expect(lists[6] == [13, 12])
        #expect(lists[7] == [])
        #expect(lists[end] == [])
        #expect(learner.lists(best: 1, frequent: 0)[6] == [13])
    }

    @Test("The most frequent ids of all are candidates of every sentence")
    mutating func frequent() {
        learner.add(source: [5, end], target: [21, 21, 22, end], alignment: [0, 0, 0, 1])
        let lists = learner.lists(best: 9, frequent: 1)
        #expect(lists[end] == [21])
        let candidates = checkpoint.shortlist(of: lists).candidates(of: [8, end])
        #expect(candidates.contains(21) && !candidates.contains(22))
    }

    @Test("Coverage counts tokens, whole sentences and candidates")
    mutating func coverage() {
        learner.add(source: [5, end], target: [21, 22, end], alignment: [0, 0, 1])
        let shortlist = checkpoint.shortlist(of: learner.lists(best: 9, frequent: 0))
        var coverage = ShortlistCoverage()
        coverage.add(source: [5, end], target: [22, 21, end], shortlist)
        coverage.add(source: [5, end], target: [39, 21, end], shortlist)
        #expect(coverage.sentences == 2 && coverage.wholeSentences == 1)
        #expect(coverage.tokens == 6 && coverage.coveredTokens == 5)
        #expect(coverage.candidates == 2 * shortlist.candidates(of: [5, end]).count)
    }
}
