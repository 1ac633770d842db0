/// Raw deflate data (RFC 1951), as zip archives hold it.
public enum Inflate {
    /// Decompresses data whose size is known.
    ///
    /// - Parameters:
    ///   - bytes: the whole data.
    ///   - count: how many bytes come of it; no more than these are ever made.
    /// - Returns: the content; nil where the data is damaged or gives another number of bytes.
    public static func bytes(_ bytes: [UInt8], count: Int) -> [UInt8]? {
        var stream = DeflateStream(.decompress)
        var content: [UInt8] = []
        var position = 0
        while true {
            let before = position
            let (block, status) = stream.step(bytes, &position)
            guard block.count <= count - content.count else { return nil }
            content += block
            switch status {
            case .ended: return content.count == count ? content : nil
            case .goesOn where !block.isEmpty || position > before: continue
            case .goesOn, .corrupt, .noMemory: return nil
            }
        }
    }
}
