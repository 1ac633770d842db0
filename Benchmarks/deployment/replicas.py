"""Two replicas behind HAProxy under load: one is killed and started again, the other drained and started again. What became of every request?

Needs `haproxy` (Debian's package) and runs config/haproxy.cfg, of which it changes addresses only. Each request has an id of its own, which the logs
of the replicas have beside the answer, so that what clients got can be held against what was served:

    ok       the whole answer, with the right text
    cut      the beginning of an answer: it was on the wire of the killed replica, and the balancer cannot take back what it has passed on
    lost     no answer at all, or one of the balancer's own (502 to 504); must never happen
    refused  another status of a replica; must never happen at this load

Ends with 1 where something was lost, refused or wrong, or was cut in a phase in which nobody was killed.
"""
import argparse
import collections
import http.client
import itertools
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "Benchmarks/reliability"))

from service import Server, percentile, translation

FLAGS = ["--shutdown-drain-delay", "5s"]
TRANSLATION = "Two dogs play in the snow."
STREAMED_TEXTS = 16
KILLED = "the first is killed"


class Balancer:
    """HAProxy before two replicas, on ports that the system has chosen."""

    def __init__(self, replicas):
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.port, self.watch = (one.getsockname()[1] for one in listeners)
        public, watch = (f"fd@{one.fileno()}" for one in listeners)
        text = (ROOT / "config/haproxy.cfg").read_text()
        changes = [("bind :8080", f"bind {public}"), ("bind 127.0.0.1:8405", f"bind {watch}")]
        changes += [(f"shoal-{index}:8080", f"127.0.0.1:{one.port}") for index, one in enumerate(replicas, 1)]
        for old, new in changes:
            if text.count(old) != 1:
                raise SystemExit(f"config/haproxy.cfg should have {old} once")
            text = text.replace(old, new)
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
            file.write(text)
            file.flush()
            self.process = subprocess.Popen(
                ["haproxy", "-db", "-f", file.name], pass_fds=[one.fileno() for one in listeners],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for one in listeners:
                one.close()
            wait_until(lambda: self.up() == 2)

    def metric(self, pattern):
        """The sum of the series that match."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.watch}/metrics", timeout=10) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return 0
        return int(sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(pattern, line)))

    def up(self):
        return self.metric(r'haproxy_server_status\{.*state="UP"')

    def repeats(self):
        """Attempts beyond the first: at the same replica, and at another."""
        return (
            self.metric(r"haproxy_backend_retry_warnings_total\{"), self.metric(r"haproxy_backend_redispatch_warnings_total\{"))

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def wait_until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("the balancer does not see the replicas as they are")
        time.sleep(0.05)


class Load:
    """Clients with keep-alive connections that ask without a pause; every fourth takes streams."""

    def __init__(self, port, clients):
        self.port = port
        self.lock = threading.Lock()
        self.phase = "two replicas"
        self.outcomes = collections.defaultdict(collections.Counter)
        self.seconds = collections.defaultdict(list)
        self.answered = set()
        self.stopping = threading.Event()
        self.ids = map("replicas-{}".format, itertools.count())
        self.threads = [threading.Thread(target=self._work, args=(index % 4 == 3,)) for index in range(clients)]
        for thread in self.threads:
            thread.start()

    def _work(self, streams):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stopping.is_set():
            with self.lock:
                name = next(self.ids)
            start = time.monotonic()
            outcome = ask(connection, name, streams)
            # A request counts in the phase in which it ends.
            with self.lock:
                self.outcomes[self.phase][outcome] += 1
                self.seconds[self.phase].append(time.monotonic() - start)
                if outcome == "ok":
                    self.answered.add(name)
        connection.close()

    def enter(self, phase):
        with self.lock:
            self.phase = phase

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def ask(connection, name, streams):
    """What became of one request."""
    texts = STREAMED_TEXTS if streams else 1
    fields = {"Content-Type": "application/json", "X-Request-Id": name}
    begun = False
    try:
        connection.request("POST", "/translate", translation(texts, stream=streams), fields)
        answer = connection.getresponse()
        begun = True
        body = answer.read().decode()
    except (OSError, http.client.HTTPException):
        connection.close()
        return "cut" if begun else "lost"
    if answer.status != 200:
        return "lost" if answer.getheader("X-Request-Id") is None else "refused"
    if streams:
        end = re.search(r"event: done\ndata: (.*)\n\n\Z", body)
        if end is None:
            return "cut"
        body = end[1]
    return "ok" if [one["text"] for one in json.loads(body)["translations"]] == [TRANSLATION] * texts else "wrong"


class Experiment:
    def __init__(self, options):
        self.binary, self.pause = options.shoal, options.seconds
        self.replicas = [Server(self.binary, flags=FLAGS) for _ in range(2)]
        self.ended = []
        self.balancer = Balancer(self.replicas)
        self.load = Load(self.balancer.port, options.clients)

    def run(self, phase, change, up):
        """Changes a replica, waits until the balancer has noticed, and goes on for a while."""
        self.load.enter(phase)
        before = self.balancer.repeats()
        change()
        wait_until(lambda: self.balancer.up() == up)
        time.sleep(self.pause)
        retries, redispatches = (after - earlier for after, earlier in zip(self.balancer.repeats(), before))
        outcomes, seconds = self.load.outcomes[phase], self.load.seconds[phase]
        print(
            f"{phase}: {dict(outcomes)}; repeated: {retries} at the same replica, {redispatches} at the other; p50 "
            f"{1000 * percentile(seconds, 0.5):.1f} ms, p99 {1000 * percentile(seconds, 0.99):.1f} ms, longest {1000 * max(seconds):.0f} ms", flush=True)

    def kill(self, index):
        replica = self.replicas[index]
        replica.process.kill()
        replica.process.wait()
        replica.reader.join()
        self.ended.append(replica)

    def drain(self, index):
        status = self.replicas[index].end()
        self.ended.append(self.replicas[index])
        if status != 0:
            raise SystemExit(f"the drained replica ended with {status}")

    def start(self, index):
        self.replicas[index] = Server(self.binary, port=self.replicas[index].port, flags=FLAGS)

    def finish(self):
        """Ends everything, and says how often each answered request was served, by the logs."""
        self.load.stop()
        self.balancer.end()
        for index in range(2):
            self.drain(index)
        logged = (entry for replica in self.ended for entry in replica.requests_logged())
        served = collections.Counter(entry["request_id"] for entry in logged if entry["status"] == 200)
        times = collections.Counter(served[name] for name in self.load.answered)
        print(f"{len(self.load.answered)} answers, by the number of replicas that had served them: {dict(sorted(times.items()))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoal", type=Path, default=ROOT / ".build/release/shoal")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2, help="of load after each change")
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    if not options.shoal.is_file():
        parser.error(f"there is no {options.shoal}: swift build -c release --product shoal")
    if not shutil.which("haproxy"):
        parser.error("haproxy is not on the PATH (Debian: haproxy)")
    experiment = Experiment(options)
    experiment.run("two replicas", lambda: None, up=2)
    for number in range(1, options.times + 1):
        experiment.run(f"{number}: {KILLED}", lambda: experiment.kill(0), up=1)
        experiment.run(f"{number}: the first is started again", lambda: experiment.start(0), up=2)
        experiment.run(f"{number}: the second is drained", lambda: experiment.drain(1), up=1)
        experiment.run(f"{number}: the second is started again", lambda: experiment.start(1), up=2)
    experiment.finish()
    failures = {
        phase: bad for phase, outcomes in experiment.load.outcomes.items()
        if (bad := {name for name in outcomes if name != "ok" and not (name == "cut" and phase.endswith(KILLED))})}
    print(f"beyond what was on the wire of the killed one: {failures or 'nothing'}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
