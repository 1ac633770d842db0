import Evaluation
import Testing

/// Figures are those of sacreBLEU 2.6.0 on these texts, which were written for this test.
private let hypotheses = [
    "The old lighthouse keeper climbed the stairs slowly, counting every step.",
    "Rain fell on the harbour for three days.",
    "Nobody answered the phone at 10:30 p.m.",
    "A small dog runs across the wet sand.",
]
private let references = [
    "The old lighthouse keeper slowly climbed the stairs, counting each step.",
    "It rained on the harbour for three days.",
    "Nobody answered the telephone at 10:30 p.m.",
    "A little dog is running across the wet sand.",
]

private func isClose(_ left: Double, _ right: Double) -> Bool {
    (left - right).magnitude <= 1e-9
}

@Suite struct MetricTests {
    @Test("A corpus has sacreBLEU's BLEU, precisions, brevity penalty and chrF")
    func corpus() throws {
        let bleu = BLEU()
        let report = bleu.report(try bleu.total(hypotheses: hypotheses, references: references))
        #expect(isClose(report.score, 56.795853975429246))
        let precisions = [
            86.04651162790698, 66.66666666666667, 51.42857142857143, 38.70967741935484,
        ]
        #expect(zip(report.precisions, precisions).allSatisfy(isClose))
        #expect(isClose(report.brevityPenalty, 0.9770125183673897))
        let chrF = try ChrF().score(hypotheses: hypotheses, references: references)
        #expect(isClose(chrF, 73.96578334672576))
    }

    @Test(
        "A sentence has sacreBLEU's scores in the degenerate cases too",
        arguments: [
            (references[0], references[0], 100, 100),
            (hypotheses[0], references[0], 34.8113458774628, 77.54352631093096),
            // Orders 2 to 4 have no match and are smoothed.
            ("a x b y c", "a b c d e f", 11.51015341649912, 10.344827586206897),
            ("x y z w v", "a b c d e", 0, 0), ("", "a b", 0, 0), ("a b", "", 0, 0), ("", "", 0, 0),
            // Too short for a 4-gram.
            ("a b c", "a b c", 0, 100), ("cat", "The cat sat on the mat.", 0, 14.044665012406945),
            // The same to a reader, other code points.
            ("\u{C4}pfel und Birnen", "A\u{308}pfel und Birnen", 0, 85.07590837401334),
        ] as [(String, String, Double, Double)])
    func sentences(hypothesis: String, reference: String, bleu: Double, chrF: Double) throws {
        #expect(isClose(try BLEU().score(hypotheses: [hypothesis], references: [reference]), bleu))
        #expect(isClose(try ChrF().score(hypotheses: [hypothesis], references: [reference]), chrF))
    }

    @Test("Perfect translations score 100 at most, whatever logarithms round to")
    func atMost100() throws {
        for count in 1...20 {
            let text = (0..<7 * count).map { "w\($0)" }.joined(separator: " ")
            #expect(try BLEU().score(hypotheses: [text], references: [text]) <= 100)
        }
    }

    @Test("The score of a corpus follows from the sum of its segments' counts")
    func additivity() throws {
        let bleu = BLEU()
        let whole = try bleu.total(hypotheses: hypotheses, references: references)
        var sum = BLEU.Statistics()
        for (hypothesis, reference) in zip(hypotheses, references) {
            sum += bleu.statistics(hypothesis: hypothesis, reference: reference)
        }
        #expect(sum == whole)
        #expect(whole.hypothesisLength == 43)
        #expect(whole.referenceLength == 44)
    }

    @Test("The signatures are sacreBLEU's")
    func signatures() {
        #expect(BLEU().signature == "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0")
        #expect(
            ChrF().signature == "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0")
    }

    @Test("Texts that do not pair up, and no texts, are refused")
    func refusals() {
        #expect(throws: EvaluationError.countMismatch(hypotheses: 1, references: 2)) {
            try BLEU().score(hypotheses: ["a"], references: ["a", "b"])
        }
        #expect(throws: EvaluationError.emptyCorpus) {
            try ChrF().score(hypotheses: [], references: [])
        }
        #expect(
            "\(EvaluationError.countMismatch(hypotheses: 1, references: 2))"
                == "found 1 hypotheses for 2 references; expected one for each")
    }
}

@Suite struct Tokenizer13aTests {
    @Test(
        "A line is split as sacreBLEU splits it",
        arguments: [
            ("He paid $3.50, i.e. 1,000 cents.", "He paid $ 3.50 , i . e . 1,000 cents ."),
            ("rock-and-roll 1990-2000", "rock-and-roll 1990 - 2000"),
            ("say &quot;hi&quot; &amp;lt; &gt;", "say \" hi \" < >"),
            ("don't (stop)!", "don't ( stop ) !"), ("ends with 5. and 6,", "ends with 5 . and 6 ,"),
            ("a<skipped>b line-\nbreak\nend  ", "ab linebreak end"),
            ("\u{A0}über\u{2003}all\u{3000}x", "über all x"), ("...a..b", ". . . a . . b"),
            ("#tag @me x/y a_b ~ `q`", "# tag @ me x / y a _ b ~ ` q `"), ("", ""), (" \n", ""),
            ("½ ² ٣,٣ 。", "½ ² ٣ , ٣ 。"), ("a\u{1C}b\u{85}c\u{200B}d", "a b c\u{200B}d"),
            ("e\u{301}.", "e\u{301} ."),
        ])
    func lines(line: String, expected: String) {
        let found = Tokenizer13a.tokens(of: line).joined(separator: " ")
        #expect(Array(found.utf8) == Array(expected.utf8))
    }
}
