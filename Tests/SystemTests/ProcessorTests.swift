import Glibc
import Synchronization
import System
import TestSupport
import Testing

@Suite("Processors that may be used", .timeLimit(.minutes(10)))
struct ProcessorTests {
    /// What a process sees of its control groups.
    struct Sample: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let memberships: String
        let mounts: String
        let files: [String: String]
        let processors: Int?
    }

    private static let unified =
        "30 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev - cgroup2 cgroup2 rw,nsdelegate\n"
    private static let split = """
        31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:12 - cgroup cgroup rw,cpu,cpuacct
        32 30 0:28 / /sys/fs/cgroup/memory rw,nosuid shared:13 - cgroup cgroup rw,memory
        """

    static let samples: [Sample] = [
        Sample(
            testDescription: "a container of version 2 with a namespace",
            memberships: "0::/\n", mounts: unified,
            files: ["/sys/fs/cgroup/cpu.max": "200000 100000\n"], processors: 2),
        Sample(
            testDescription: "no limit", memberships: "0::/user.slice\n", mounts: unified,
            files: ["/sys/fs/cgroup/user.slice/cpu.max": "max 100000\n"], processors: nil),
        Sample(
            testDescription: "CPUQuota=250% of a systemd unit below a slice with 150%",
            memberships: "0::/system.slice/shoal.service\n", mounts: unified,
            files: [
                "/sys/fs/cgroup/system.slice/cpu.max": "150000 100000\n",
                "/sys/fs/cgroup/system.slice/shoal.service/cpu.max": "250000 100000\n",
            ], processors: 2),
        Sample(
            testDescription: "a fifth of a processor is one thread", memberships: "0::/a/b\n",
            mounts: unified, files: ["/sys/fs/cgroup/a/b/cpu.max": "20000 100000\n"], processors: 1),
        Sample(
            testDescription: "2.4 processors are two", memberships: "0::/a\n", mounts: unified,
            files: ["/sys/fs/cgroup/a/cpu.max": "240000 100000\n"], processors: 2),
        Sample(
            testDescription: "version 1, nested",
            memberships: "4:memory:/other\n3:cpu,cpuacct:/kubepods/pod1/c\n1:name=systemd:/x\n",
            mounts: split,
            files: [
                "/sys/fs/cgroup/cpu,cpuacct/kubepods/pod1/cpu.cfs_quota_us": "300000\n",
                "/sys/fs/cgroup/cpu,cpuacct/kubepods/pod1/cpu.cfs_period_us": "100000\n",
                "/sys/fs/cgroup/cpu,cpuacct/kubepods/pod1/c/cpu.cfs_quota_us": "-1\n",
                "/sys/fs/cgroup/cpu,cpuacct/kubepods/pod1/c/cpu.cfs_period_us": "100000\n",
            ], processors: 3),
        Sample(
            testDescription: "version 1 in a container that sees the host's path",
            memberships: "3:cpu,cpuacct:/docker/abc\n",
            mounts:
                "31 30 0:27 /docker/abc /sys/fs/cgroup/cpu\\040x ro - cgroup cgroup rw,cpu,cpuacct\n",
            files: [
                "/sys/fs/cgroup/cpu x/cpu.cfs_quota_us": "400000\n",
                "/sys/fs/cgroup/cpu x/cpu.cfs_period_us": "100000\n",
            ], processors: 4),
        Sample(
            testDescription: "both versions at once, where the second limits nothing",
            memberships: "3:cpu:/a\n0::/a\n", mounts: split + "\n" + unified,
            files: [
                "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "100000\n",
                "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
            ], processors: 1),
        Sample(
            testDescription: "a path outside the namespace", memberships: "0::/../../x\n",
            mounts: unified, files: ["/sys/fs/cgroup/cpu.max": "300000 100000\n"], processors: 3),
        Sample(
            testDescription: "nonsense", memberships: "::\nx\n0::\n3:cpu\n",
            mounts: "a b c - cgroup2\n- - - -\n\n1 2 3 / /m rw - cgroup2 x y\n",
            files: ["/m/cpu.max": "0 0 0\nx"], processors: nil),
        Sample(
            testDescription: "numbers beyond reason", memberships: "0::/\n", mounts: unified,
            files: ["/sys/fs/cgroup/cpu.max": "1e300 1e-300\n"], processors: nil),
        Sample(
            testDescription: "nothing is mounted", memberships: "", mounts: "", files: [:],
            processors: nil),
    ]

    @Test(
        "Control groups of both versions, nested or not, limit the processors", arguments: samples)
    func quotas(_ sample: Sample) {
        let groups = ControlGroups(memberships: sample.memberships, mounts: sample.mounts) {
            sample.files[$0]
        }
        #expect(groups.processors == sample.processors)
    }

    @Test("This process has at least one processor, and no more than there are")
    func available() {
        #expect(
            (1...max(1, Int(sysconf(Int32(_SC_NPROCESSORS_CONF))))).contains(Processors.available))
    }
}

@Suite("Threads of workers", .timeLimit(.minutes(10)))
struct WorkerThreadTests {
    @Test("Niceness is added to that of the thread that starts another, up to 19")
    func niceness() {
        @Sendable func own() -> Int {
            Int(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0))
        }
        let seen = Monitor<[Int]>([])
        let base = own()
        let started = WorkerThread.start(niceness: 3) {
            let first = own()
            let isStarted = WorkerThread.start(niceness: 2) {
                let second = own()
                let isLast = WorkerThread.start(niceness: 19) {
                    let third = own()
                    seen.change { $0 = [first, second, third] }
                }
                if !isLast { seen.change { $0 = [-1] } }
            }
            if !isStarted { seen.change { $0 = [-1] } }
        }
        #expect(started)
        let values = seen.waitLimited { $0.isEmpty ? nil : $0 }
        #expect(values == [min(base + 3, 19), min(base + 5, 19), 19])
    }
}
