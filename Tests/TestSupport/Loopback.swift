import Foundation

/// What the loopback interface of this machine has.
public enum Loopback {
    /// Whether it has an address of IPv6.
    public static var hasIPv6: Bool {
        let addresses = try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8)
        return addresses?.contains(" lo\n") == true
    }
}
