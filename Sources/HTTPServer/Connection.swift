import CSystem
import Glibc
import HTTPWire

/// One accepted socket, its protocol state and the bytes that wait to be sent; of the loop only.
final class Connection {
    /// What came of an attempt to send.
    enum Outcome {
        case drained
        case waiting(progress: Bool)
        case broken
    }

    /// A request that was delivered and whose response is not sent yet.
    struct Current {
        let exchange: Exchange
        let method: String
        let start: Double
        var response: (route: String, status: Int, bodyBytes: Int)?
    }

    let id: UInt64
    let descriptor: Int32
    var machine: ConnectionMachine
    var current: Current?
    /// The epoll events asked for.
    var interest: UInt32
    var isOpen = true
    private var output: [UInt8] = []
    private var sent = 0

    init(id: UInt64, descriptor: Int32, machine: ConnectionMachine) {
        self.id = id
        self.descriptor = descriptor
        self.machine = machine
        interest = shoal_epollin
    }

    var hasOutput: Bool { sent < output.count }

    func queue(_ bytes: [UInt8]) {
        if hasOutput {
            output += bytes
        } else {
            output = bytes
            sent = 0
        }
    }

    /// Sends what waits, as far as the kernel takes it.
    func flush() -> Outcome {
        let before = sent
        while hasOutput {
            let count = output.withUnsafeBytes { bytes in
                let rest = bytes[sent...]
                return shoal_send(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            }
            if count == -Int(EAGAIN) { return .waiting(progress: sent > before) }
            guard count > 0 else { return .broken }
            sent += count
        }
        output = []
        sent = 0
        return .drained
    }
}
