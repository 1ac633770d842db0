import Glibc

/// Floats at a 64-byte boundary, owned and freed by this object: the one place that allocates.
final class Storage {
    let count: Int
    let floats: UnsafeMutablePointer<Float>

    /// `count` floats of zero.
    init(zeros count: Int) {
        var memory: UnsafeMutableRawPointer?
        let byteCount = max(count, 16) * MemoryLayout<Float>.stride
        guard posix_memalign(&memory, 64, byteCount) == 0, let memory else {
            fatalError("out of memory: \(byteCount) bytes for a matrix")
        }
        memset(memory, 0, byteCount)
        floats = memory.assumingMemoryBound(to: Float.self)
        self.count = count
    }

    deinit { free(floats) }
}
