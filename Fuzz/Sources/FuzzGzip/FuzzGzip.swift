import Compression
import FuzzSupport

/// Nothing comes out beyond the limit, the limit changes nothing but a refusal, and what is compressed
/// comes back.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGzip(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = FuzzInput(start, count).bytes
    if let content = try? Gzip.decompress(bytes, limit: 100_000) {
        precondition(content.count <= 100_000)
        precondition((try? Gzip.decompress(bytes, limit: content.count)) == content)
        precondition(content.isEmpty || refusesAsTooLarge(bytes, limit: content.count - 1))
    }
    precondition((try? Gzip.decompress(Gzip.compress(bytes), limit: count)) == bytes)
    return 0
}

private func refusesAsTooLarge(_ bytes: [UInt8], limit: Int) -> Bool {
    do {
        _ = try Gzip.decompress(bytes, limit: limit)
        return false
    } catch {
        return error == .tooLarge(limit: limit)
    }
}
