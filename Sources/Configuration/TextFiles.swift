import Glibc

/// Reads the lines of a file, or of standard input where there is no path.
package func readLines(_ path: String?) throws -> [String] {
    var bytes = try readBytes(path)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    guard !bytes.isEmpty else { return [] }
    return try bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        .enumerated().map { index, line in
            guard let text = String(validating: line, as: UTF8.self) else {
                throw Failure("\(path ?? "-"):\(index + 1): not UTF-8", code: EX_DATAERR)
            }
            return text
        }
}

/// Reads a file, or standard input where there is no path.
package func readBytes(_ path: String?) throws -> [UInt8] {
    let descriptor = path.map { open($0, O_RDONLY | O_CLOEXEC) } ?? STDIN_FILENO
    guard descriptor >= 0 else {
        throw Failure("\(path ?? "-"): \(String(cString: strerror(errno)))", code: EX_NOINPUT)
    }
    defer { if path != nil { close(descriptor) } }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { return bytes }
        guard count > 0 else {
            throw Failure("\(path ?? "-"): \(String(cString: strerror(errno)))", code: EX_IOERR)
        }
        bytes += buffer[..<count]
    }
}
