/// What libFuzzer made up for one run.
public struct FuzzInput {
    /// The bytes.
    public let bytes: [UInt8]

    /// Copies what libFuzzer lends for the run.
    public init(_ start: UnsafePointer<UInt8>, _ count: Int) {
        bytes = Array(UnsafeBufferPointer(start: start, count: count))
    }

    /// The bytes in pieces of 1 to 16, cut at places that depend on the bytes only, so that a run can be
    /// repeated.
    public var pieces: [ArraySlice<UInt8>] {
        var state = bytes.reduce(14_695_981_039_346_656_037 as UInt64) {
            ($0 ^ UInt64($1)) &* 1_099_511_628_211
        }
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        while start < bytes.count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let end = min(bytes.count, start + 1 + Int(state >> 60))
            pieces.append(bytes[start..<end])
            start = end
        }
        return pieces
    }
}
