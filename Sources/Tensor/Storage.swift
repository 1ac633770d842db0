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
///
/// Large working memory has pages of its own, which the system hands out when they are first touched and takes back as soon as they are
/// given up: room that a matrix has grown by and does not use yet is not resident, and what it has left behind does not stay.
private struct ZeroedMemory {
    let start: UnsafeMutableRawPointer
    /// Of the pages; 0: taken from the heap.
    private let mappedBytes: Int

    private static let hugePage = 1 << 21
    private static let leastMapped = 256 << 10

    init(byteCount: Int, for use: MemoryUse) {
        let isMapped = use == .working && byteCount >= Self.leastMapped
        mappedBytes = isMapped ? byteCount : 0
        let memory =
            isMapped ? Self.pages(byteCount) : Self.heap(byteCount, isRead: use == .weights)
        guard let memory else { fatalError("out of memory: \(byteCount) bytes for a matrix") }
        start = memory
    }

    private static func pages(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        let memory = mmap(
            nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        return memory == MAP_FAILED ? nil : memory
    }

    private static func heap(_ byteCount: Int, isRead: Bool) -> UnsafeMutableRawPointer? {
        let isHuge = isRead && byteCount >= 2 * hugePage
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, isHuge ? hugePage : 64, byteCount) == 0, let memory else {
            return nil
        }
        // Refused where the kernel has no huge pages, which changes nothing but the speed.
        if isHuge { _ = madvise(memory, byteCount, MADV_HUGEPAGE) }
        memset(memory, 0, byteCount)
        return memory
    }

    func giveBack() {
        if mappedBytes > 0 { munmap(start, mappedBytes) } else { free(start) }
    }
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

/// What the elements of a storage lie in.
private enum Content {
    case own(ZeroedMemory)
    case shared(SharedBytes)

    func giveBack() {
        if case .own(let memory) = self { memory.giveBack() }
    }
}

/// Floats at a 64-byte boundary, owned and freed by this object, or another's to be read.
package final class Storage {
    package let count: Int
    package let floats: UnsafeMutablePointer<Float>
    private let content: Content

    /// `count` floats of zero.
    package init(zeros count: Int, for use: MemoryUse = .working) {
        let memory = ZeroedMemory(
            byteCount: max(count, 16) * MemoryLayout<Float>.stride, for: use)
        floats = memory.start.assumingMemoryBound(to: Float.self)
        self.count = count
        content = .own(memory)
    }

    /// `count` floats of somebody else, which nobody may write to.
    init(_ shared: SharedBytes, count: Int) {
        floats = shared.elements(count)
        self.count = count
        content = .shared(shared)
    }

    /// Some values, and zeros behind them up to `count`.
    package convenience init(_ values: [Float], paddedTo count: Int) {
        precondition(values.count <= count, "more values than room")
        self.init(zeros: count)
        floats.update(from: values, count: values.count)
    }

    deinit { content.giveBack() }
}

/// Integers at a 64-byte boundary, owned and freed by this object, or another's to be read.
final class IntegerStorage<Element: FixedWidthInteger> {
    let count: Int
    let elements: UnsafeMutablePointer<Element>
    private let content: Content

    /// `count` zeros.
    ///
    /// - Parameters:
    ///   - count: elements.
    ///   - use: what they are for.
    init(zeros count: Int, for use: MemoryUse = .working) {
        let memory = ZeroedMemory(
            byteCount: max(count, 16) * MemoryLayout<Element>.stride, for: use)
        elements = memory.start.bindMemory(to: Element.self, capacity: count)
        self.count = count
        content = .own(memory)
    }

    /// `count` integers of somebody else, which nobody may write to.
    init(_ shared: SharedBytes, count: Int) {
        elements = shared.elements(count)
        self.count = count
        content = .shared(shared)
    }

    deinit { content.giveBack() }
}
