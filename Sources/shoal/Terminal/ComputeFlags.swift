import ArgumentParser
import System

/// How much of the machine a long run takes.
struct ComputeFlags: ParsableArguments {
    @Option(name: .customLong("threads"), help: "Threads (default: the processors).")
    private var givenThreads: Int?

    @Option(
        name: .long,
        help: "Added to the niceness of the run, 0 to 19, so that other work goes first.")
    private var niceness = 0

    /// At least 1.
    var threads: Int { givenThreads ?? Processors.available }

    func validate() throws {
        if let givenThreads, givenThreads < 1 {
            throw ValidationError("--threads must be 1 or more; given \(givenThreads)")
        }
        guard (0...19).contains(niceness) else {
            throw ValidationError("--niceness must be 0 to 19; given \(niceness)")
        }
    }

    /// Has this thread, and those that it starts from now on, let others go first by as much as was given.
    func lowerPriority() { WorkerThread.lowerPriority(by: niceness) }
}
