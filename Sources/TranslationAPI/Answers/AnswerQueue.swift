import Dispatch

/// Where the answers to translations are made, JSON, events and compression, beside the threads that decode:
/// those hand over what they have and go on.
///
/// One piece after another, so that the events of a stream keep their order. What waits is bounded, though
/// nothing is refused: a connection has one request at a time, and a stream has as many events as its
/// texts have tokens.
final class AnswerQueue: Sendable {
    private let queue = DispatchQueue(label: "shoal.answers")

    /// Makes a part of an answer in its turn.
    func add(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}
