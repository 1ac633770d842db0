import Glibc
package import TextFiles

extension Failure {
    /// The failure of a command whose text file is at fault: 66 where it cannot be opened, 74 where it
    /// cannot be read on, otherwise 65.
    package init(_ error: TextFileError) {
        let code =
            switch error.cause {
            case .unopened: EX_NOINPUT
            case .unreadable: EX_IOERR
            case .gzip, .line, .blankLine, .lineCount: EX_DATAERR
            }
        self.init("\(error)", code: code)
    }
}

/// Reads the lines of a file.
package func readLines(_ path: String) throws -> [String] {
    do {
        return try LineReader.lines(path)
    } catch {
        throw Failure(error)
    }
}

/// Reads a file whole.
package func readBytes(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw Failure("\(path): \(String(cString: strerror(errno)))", code: EX_NOINPUT)
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { return bytes }
        guard count > 0 else {
            throw Failure("\(path): \(String(cString: strerror(errno)))", code: EX_IOERR)
        }
        bytes += buffer[..<count]
    }
}
