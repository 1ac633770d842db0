import CSystem
import Glibc

/// The processors that this process may use.
package enum Processors {
    /// Those that the scheduler lets it run on (`taskset`, cpusets), or fewer where a control group's quota says so.
    ///
    /// At least 1. As it was when somebody asked first: a machine with many mounts has much to read.
    package static let available: Int = {
        let mask = Int(shoal_allowed_processors())
        let allowed = max(1, mask > 0 ? mask : Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        return min(allowed, ControlGroups.ofThisProcess.processors ?? allowed)
    }()
}

/// The control groups of a process, as /proc describes them: cgroups(7), versions 1 and 2.
package struct ControlGroups {
    private let memberships: String
    private let mounts: String
    private let read: (String) -> String?

    /// Groups out of the contents of files.
    ///
    /// - Parameters:
    ///   - memberships: /proc/self/cgroup.
    ///   - mounts: /proc/self/mountinfo.
    ///   - read: the content of a file of a hierarchy; nil where it cannot be read.
    package init(memberships: String, mounts: String, read: @escaping (String) -> String?) {
        self.memberships = memberships
        self.mounts = mounts
        self.read = read
    }

    /// Those of this process.
    package static var ofThisProcess: ControlGroups {
        func read(_ path: String) -> String? {
            // A machine with many containers has a long list of mounts.
            String(decoding: bytes(path, limit: 4 << 20), as: UTF8.self)
        }
        return ControlGroups(
            memberships: read("/proc/self/cgroup") ?? "",
            mounts: read("/proc/self/mountinfo") ?? "",
            read: read)
    }

    /// Files of /proc and of control groups say that they are empty, so they are read until they end.
    private static func bytes(_ path: String, limit: Int) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < limit {
            let count = Glibc.read(file, &block, block.count)
            guard count > 0 else { break }
            bytes += block[..<count]
        }
        return bytes
    }

    /// The whole processors that the tightest quota of a group or of one above it comes to, at least 1; nil: there
    /// is none.
    ///
    /// Rounded to the nearest: with 1.5 processors two threads lose a quarter of their time, one would leave a
    /// third of the quota unused.
    package var processors: Int? {
        let quotas = directories.flatMap { directory in
            directory.ancestors.compactMap { quota(in: $0, isUnified: directory.isUnified) }
        }
        guard let least = quotas.min() else { return nil }
        return max(1, Int(min(least, 1e6).rounded()))
    }

    /// Where a hierarchy that limits processors shows the group of the process.
    private struct Directory {
        /// The directories from the mount to the group.
        let ancestors: [String]
        let isUnified: Bool
    }

    /// The groups of the hierarchies that are mounted.
    private var directories: [Directory] {
        let paths = memberships.split(separator: "\n").compactMap(Self.membership)
        return mounts.split(separator: "\n").compactMap(Self.mount).compactMap { mount in
            let path = paths.first { $0.isUnified == mount.isUnified }?.path
            guard let path else { return nil }
            return Directory(
                ancestors: Self.ancestors(of: path, in: mount), isUnified: mount.isUnified)
        }
    }

    /// A line of /proc/self/cgroup, `number:controllers:path`; nil where it is not about processors.
    private static func membership(_ line: Substring) -> (path: Substring, isUnified: Bool)? {
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3 else { return nil }
        if fields[0] == "0", fields[1].isEmpty { return (fields[2], true) }
        return fields[1].split(separator: ",").contains("cpu") ? (fields[2], false) : nil
    }

    private struct Mount {
        /// The group that stands at the mount's top.
        let root: Substring
        let point: String
        let isUnified: Bool
    }

    /// A line of /proc/self/mountinfo (proc(5)); nil where it is no hierarchy about processors.
    private static func mount(_ line: Substring) -> Mount? {
        let fields = line.split(separator: " ")
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, dash + 3 < fields.count else {
            return nil
        }
        let isUnified = fields[dash + 1] == "cgroup2"
        let isProcessors =
            fields[dash + 1] == "cgroup" && fields[dash + 3].split(separator: ",").contains("cpu")
        guard isUnified || isProcessors else { return nil }
        // Blanks are written in octal.
        let point = String(fields[4]).replacing("\\040", with: " ")
        return Mount(root: fields[3], point: point, isUnified: isUnified)
    }

    /// The directories of a group and of those above it, as far as a mount shows them.
    private static func ancestors(of path: Substring, in mount: Mount) -> [String] {
        var rest = path
        if mount.root != "/" {
            // A container that sees the host's paths: the mount begins at its own group.
            guard path == mount.root || path.hasPrefix("\(mount.root)/") else {
                return [mount.point]
            }
            rest = path.dropFirst(mount.root.count)
        }
        var directories = [mount.point]
        for name in rest.split(separator: "/") {
            // Groups above the namespace's root are not to be seen.
            if name == ".." { return [mount.point] }
            directories.append("\(directories[directories.count - 1])/\(name)")
        }
        return directories
    }

    /// Processors that a group may use together, in seconds a second; nil: as many as there are.
    private func quota(in directory: String, isUnified: Bool) -> Double? {
        let numbers: [Double?]
        if isUnified {
            guard let line = read(directory + "/cpu.max")?.split(separator: "\n").first else {
                return nil
            }
            numbers = line.split(separator: " ").map { Double($0) }
        } else {
            numbers = ["quota", "period"].map { name in
                read(directory + "/cpu.cfs_\(name)_us")?.split(separator: "\n").first
                    .flatMap { Double($0) }
            }
        }
        guard numbers.count == 2, let time = numbers[0], let period = numbers[1], time > 0,
            period > 0, (time / period).isFinite
        else { return nil }
        return time / period
    }
}
