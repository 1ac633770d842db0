import Dispatch
import System

/// What `body` makes of each element, in the order of the elements, worked out by several threads.
///
/// - Parameters:
///   - elements: what is worked on, in parts of the same length.
///   - threads: how many parts, at least 1.
///   - makeTool: something that belongs to one thread, made for each part.
///   - body: depends on its element and what does not differ between the parts only.
/// - Returns: as many values.
func concurrentMap<Element: Sendable, Tool, Value: Sendable>(
    _ elements: [Element], threads: Int, with makeTool: @Sendable () -> Tool,
    _ body: @Sendable (Element, Tool) -> Value
) -> [Value] {
    guard threads > 1, elements.count > 1 else {
        let tool = makeTool()
        return elements.map { body($0, tool) }
    }
    let parts = Lock<[Int: [Value]]>([:])
    DispatchQueue.concurrentPerform(iterations: threads) { part in
        let tool = makeTool()
        let start = elements.count * part / threads
        let end = elements.count * (part + 1) / threads
        let values = elements[start..<end].map { body($0, tool) }
        parts.withLock { $0[part] = values }
    }
    let done = parts.withLock { $0 }
    return (0..<threads).flatMap { done[$0] ?? [] }
}
