import Glibc
import System
import TestSupport
import Testing

@Suite("Signals that are held back", .timeLimit(.minutes(10)))
struct HeldSignalsTests {
    @Test("come however late they are taken, each kind once, and do nothing by themselves")
    func order() {
        let taken = Monitor<[Int32]?>(nil)
        // A mask is a thread's own, and signals that a thread raises go to itself.
        let started = WorkerThread.start {
            let signals = HeldSignals([SIGUSR1, SIGUSR2])
            for number in [SIGUSR2, SIGUSR1, SIGUSR2] { raise(number) }
            taken.change { $0 = [signals.take(), signals.take()] }
        }
        #expect(started)
        let numbers = taken.waitLimited { $0 }
        #expect(numbers.sorted() == [SIGUSR1, SIGUSR2].sorted())
    }
}
