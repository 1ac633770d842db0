import Glibc

/// What memory is for.
package enum MemoryUse {
    /// Written once, then read in one stream, which is bound by the memory's speed: from 4 MiB on it asks
    /// for huge pages, since small ones cost a few per cent of that.
    case weights
    /// Everything else.
    case working
}

/// Memory of zeros at a 64-byte boundary: the one place that allocates.
private func zeroedMemory(byteCount: Int, for use: MemoryUse) -> UnsafeMutableRawPointer {
    let hugePage = 1 << 21
    let isHuge = use == .weights && byteCount >= 2 * hugePage
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, isHuge ? hugePage : 64, byteCount) == 0, let memory else {
        fatalError("out of memory: \(byteCount) bytes for a matrix")
    }
    // Refused where the kernel has no huge pages, which changes nothing but the speed.
    if isHuge { _ = madvise(memory, byteCount, MADV_HUGEPAGE) }
    memset(memory, 0, byteCount)
    return memory
}

/// Bytes at a 64-byte boundary that are only read, and what they live as long as: a part of a mapped file.
///
/// Unchecked: nobody writes to them.
package struct SharedBytes: @unchecked Sendable {
    package let bytes: UnsafeRawBufferPointer
    package let owner: any AnyObject & Sendable

    /// Takes a part of what an owner keeps.
    package init(_ bytes: UnsafeRawBufferPointer, of owner: any AnyObject & Sendable) {
        precondition(
            UInt(bitPattern: bytes.baseAddress) % 64 == 0, "kernels read from cache lines on")
        self.bytes = bytes
        self.owner = owner
    }

    /// Its elements, of which there have to be so many.
    fileprivate func elements<Element>(_ count: Int) -> UnsafeMutablePointer<Element> {
        precondition(bytes.count == count * MemoryLayout<Element>.stride, "another size")
        guard let start = bytes.baseAddress else { preconditionFailure("no bytes") }
        return UnsafeMutableRawPointer(mutating: start).assumingMemoryBound(to: Element.self)
    }
}

/// Floats at a 64-byte boundary, owned and freed by this object, or another's to be read.
package final class Storage {
    package let count: Int
    package let floats: UnsafeMutablePointer<Float>
    private let owner: (any AnyObject & Sendable)?

    /// `count` floats of zero.
    package init(zeros count: Int, for use: MemoryUse = .working) {
        let memory = zeroedMemory(
            byteCount: max(count, 16) * MemoryLayout<Float>.stride, for: use)
        floats = memory.assumingMemoryBound(to: Float.self)
        self.count = count
        owner = nil
    }

    /// `count` floats of somebody else, which nobody may write to.
    init(_ shared: SharedBytes, count: Int) {
        floats = shared.elements(count)
        self.count = count
        owner = shared.owner
    }

    /// Some values, and zeros behind them up to `count`.
    package convenience init(_ values: [Float], paddedTo count: Int) {
        precondition(values.count <= count, "more values than room")
        self.init(zeros: count)
        floats.update(from: values, count: values.count)
    }

    deinit { if owner == nil { free(floats) } }
}

/// Integers at a 64-byte boundary, owned and freed by this object, or another's to be read.
final class IntegerStorage<Element: FixedWidthInteger> {
    let count: Int
    let elements: UnsafeMutablePointer<Element>
    private let owner: (any AnyObject & Sendable)?

    /// `count` zeros.
    ///
    /// - Parameters:
    ///   - count: elements.
    ///   - use: what they are for.
    init(zeros count: Int, for use: MemoryUse = .working) {
        let memory = zeroedMemory(
            byteCount: max(count, 16) * MemoryLayout<Element>.stride, for: use)
        elements = memory.bindMemory(to: Element.self, capacity: count)
        self.count = count
        owner = nil
    }

    /// `count` integers of somebody else, which nobody may write to.
    init(_ shared: SharedBytes, count: Int) {
        elements = shared.elements(count)
        self.count = count
        owner = shared.owner
    }

    deinit { if owner == nil { free(elements) } }
}
