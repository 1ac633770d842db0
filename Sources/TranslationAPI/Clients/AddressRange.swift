import Glibc

/// An IP address as bytes: 4 for IPv4, 16 for IPv6.
///
/// An IPv4 address inside IPv6 (RFC 4291 §2.5.5.2) is the IPv4 address.
struct IPAddress: Hashable {
    let bytes: [UInt8]

    /// An address in figures; nil where the text is none.
    init?(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            let all = withUnsafeBytes(of: six) { Array($0) }
            let isMapped = all[..<10].allSatisfy { $0 == 0 } && all[10..<12] == [0xFF, 0xFF]
            bytes = isMapped ? Array(all[12...]) : all
        } else {
            return nil
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// The address with all bits behind the first `count` cleared.
    func prefix(_ count: Int) -> IPAddress {
        IPAddress(
            bytes: bytes.enumerated().map { index, byte in
                let kept = min(8, max(0, count - 8 * index))
                return kept == 8 ? byte : byte & ~(0xFF >> UInt8(kept))
            })
    }
}

/// A block of addresses (RFC 4632 §3.1, RFC 4291 §2.3), or the other ends of Unix sockets, which have none.
public struct AddressRange: Sendable, Equatable {
    private enum Content: Equatable {
        case unix
        case block(IPAddress, length: Int)
    }

    private let content: Content
    /// The range as it is configured.
    public let text: String

    /// What a range looks like, for messages.
    public static let notation = "addresses or blocks such as 10.0.0.0/8, or unix"

    /// A range: an address, an address and the length of its prefix, or `unix`; nil where it is none, also
    /// where bits behind the prefix are set.
    public init?(_ text: String) {
        self.text = text
        if text == "unix" {
            content = .unix
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { return nil }
        let bits = address.bytes.count * 8
        let length = parts.count == 2 ? Int(parts[1]) : bits
        guard let length, (0...bits).contains(length), address.prefix(length) == address
        else { return nil }
        content = .block(address, length: length)
    }

    /// Ranges as they are configured, with commas between; nil where one is none.
    public static func list(_ text: String) -> [AddressRange]? {
        let names = text.split(separator: ",").map {
            String(decoding: Array($0.utf8).trimmingBlanks(), as: UTF8.self)
        }
        let ranges = names.compactMap(AddressRange.init)
        return ranges.count == names.count ? ranges : nil
    }

    /// Whether it holds an address; nil stands for the other end of a Unix socket.
    func contains(_ address: IPAddress?) -> Bool {
        switch (content, address) {
        case (.unix, nil): true
        case (.block(let block, let length), let address?):
            address.bytes.count == block.bytes.count && address.prefix(length) == block
        default: false
        }
    }

    /// Two ranges are the same where they hold the same addresses.
    public static func == (left: AddressRange, right: AddressRange) -> Bool {
        left.content == right.content
    }
}
