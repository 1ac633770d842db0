import Configuration
import Glibc

/// Standard input, output and error as every command finds them.
enum StandardStreams {
    /// Makes a reader that goes away an error of the call that writes, which each writer answers in its way,
    /// and keeps the numbers of streams that are closed from whatever is opened next.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            // Takes the lowest number that is free; a folder can be neither read nor written.
            _ = open("/", O_RDONLY | O_DIRECTORY)
        }
    }
}

/// Writes to standard error; what does not arrive is nobody's concern.
func writeError(_ text: String) { _ = write(text, to: STDERR_FILENO) }

/// Writes to standard output.
///
/// Where the reader has gone away the tool ends as quietly as one that SIGPIPE ends; where the text finds no
/// room it ends with 74 and the reason.
func writeOutput(_ text: String) {
    let code = write(text, to: STDOUT_FILENO)
    guard code != 0 else { return }
    if code == EPIPE {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
    }
    writeError("shoal: standard output: \(String(cString: strerror(code)))\n")
    // Not `exit`: it takes libraries down below threads that run still.
    _exit(EX_IOERR)
}

/// Writes all of a text, waiting for room where the descriptor is non-blocking.
///
/// - Returns: 0, or the system's error number.
private func write(_ text: String, to descriptor: Int32) -> Int32 {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            bytes = bytes.dropFirst(count)
        } else if errno == EAGAIN {
            var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&wanted, 1, -1)
        } else if errno != EINTR {
            return errno
        }
    }
    return 0
}
