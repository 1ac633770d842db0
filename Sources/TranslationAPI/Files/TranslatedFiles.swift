import System

/// Translated files until they are fetched, in memory: bounded in number, bytes and time, the oldest first to go.
final class TranslatedFiles: Sendable {
    static let capacity = 256
    static let byteCapacity = 64 << 20
    /// Seconds that a file is kept.
    static let lifetime = 1800.0

    private struct File {
        let name: String
        let bytes: [UInt8]
        let end: Double
    }

    /// In the order in which they came.
    private let files: Lock<[File]> = Lock([])
    private let now: @Sendable () -> Double

    /// - Parameter now: seconds that only grow.
    init(now: @escaping @Sendable () -> Double) { self.now = now }

    /// Keeps a file.
    ///
    /// - Parameters:
    ///   - bytes: what it holds.
    ///   - name: plain characters, what it will be called when it is fetched.
    /// - Returns: what to ask for it by, which nobody can guess: 128 random bits and the name.
    func keep(_ bytes: [UInt8], name: String) -> String {
        let random = Hexadecimal.text((0..<16).map { _ in UInt8.random(in: 0...UInt8.max) })
        let file = File(name: "\(random).\(name)", bytes: bytes, end: now() + Self.lifetime)
        let time = now()
        files.withLock { files in
            files.append(file)
            files.removeAll { $0.end <= time }
            var size = files.reduce(0) { $0 + $1.bytes.count }
            while files.count > Self.capacity || size > Self.byteCapacity, files.count > 1 {
                size -= files.removeFirst().bytes.count
            }
        }
        return file.name
    }

    /// A file by what it is asked for.
    func bytes(of name: String) -> [UInt8]? {
        let time = now()
        return files.withLock { files in files.first { $0.name == name && $0.end > time }?.bytes }
    }
}
