"""Builds the container image, says what it weighs, and runs it as a strict cluster would: read-only, without capabilities.

A line for each check; ends with status 1 if one failed. Needs Docker or Podman on Linux, and Python's standard library only. The image of
the server without its model is named shoal:server, the whole one shoal:latest.
"""
import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER_LIMIT = 60_000_000
START_LIMIT = 30.0
USER = 65532


class Engine:
    """Docker's command line, which Podman speaks too."""

    def __init__(self, options):
        self.command = shlex.split(options.engine)
        self.build_flags = shlex.split(options.build_flags)
        self.run_flags = shlex.split(options.run_flags)

    def call(self, *arguments, check=True):
        return subprocess.run([*self.command, *arguments], cwd=ROOT, check=check, text=True, stdout=subprocess.PIPE)

    def output(self, *arguments):
        return self.call(*arguments).stdout.strip()

    def build(self, tag, *flags):
        subprocess.run([*self.command, "build", *self.build_flags, *flags, "--tag", tag, "."], cwd=ROOT, check=True)

    def files(self, image):
        """The entries of an image's root, as tar has them."""
        container = self.output("create", image)
        try:
            with subprocess.Popen([*self.command, "export", container], stdout=subprocess.PIPE) as export:
                with tarfile.open(fileobj=export.stdout, mode="r|") as archive:
                    return [entry for entry in archive]
        finally:
            self.call("rm", container)


class Report:
    """Prints what holds and what does not."""

    def __init__(self):
        self.failures = 0

    def check(self, holds, text):
        self.failures += not holds
        print("ok    " if holds else "FAILED", text, flush=True)


class Container:
    """The image, running, as long as the `with` block lasts."""

    def __init__(self, engine, image):
        self.engine = engine
        self.id = engine.output(
            "run", "--detach", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--publish", "127.0.0.1::8080", *engine.run_flags, image)
        address = engine.output("port", self.id, "8080").splitlines()[0]
        self.base = "http://127.0.0.1:" + address.rsplit(":", 1)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.engine.call("rm", "--force", self.id)

    def ask(self, path, body=None):
        """Status and body of an answer; status 0 if there is none."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def seconds_until_ready(self):
        begin = time.monotonic()
        while time.monotonic() - begin < START_LIMIT:
            if self.ask("/readyz")[0] == 200:
                return time.monotonic() - begin
            time.sleep(0.05)
        print(self.engine.output("logs", self.id), file=sys.stderr)
        return None

    def process_status(self):
        """What the kernel says of the server's process."""
        process = self.engine.output("inspect", "--format", "{{.State.Pid}}", self.id)
        lines = Path("/proc", process, "status").read_text().splitlines()
        return {name: value.split() for name, value in (line.split(":", 1) for line in lines)}

    def stop(self):
        """Sends the image's stop signal, and returns the exit status."""
        self.engine.call("stop", self.id)
        return int(self.engine.output("wait", self.id))


def check_sizes(engine, report):
    sizes = {image: int(engine.output("image", "inspect", "--format", "{{.Size}}", image)) for image in ("shoal:server", "shoal:latest")}
    server, whole = sizes["shoal:server"], sizes["shoal:latest"]
    report.check(server < SERVER_LIMIT, f"without the model {server / 1e6:.1f} MB, less than {SERVER_LIMIT / 1e6:.0f} MB")
    print(f"       with the model {whole / 1e6:.1f} MB, so the model has {(whole - server) / 1e6:.1f} MB")


def check_files(engine, report):
    entries = engine.files("shoal:latest")
    programs = [entry.name for entry in entries if entry.isfile() and "bin" in Path(entry.name).parts]
    report.check(programs == ["usr/local/bin/shoal"], f"the only program is {', '.join(programs)}")
    owned = [entry.name for entry in entries if entry.uid == USER or entry.mode & 0o6000]
    report.check(not owned, f"no file is the user's or gives rights: {owned}")
    licences = [entry.name for entry in entries if entry.name.startswith("usr/share/doc/") and entry.isfile()]
    report.check(len(licences) > 0, f"{len(licences)} licences")
    for entry in sorted(entries, key=lambda entry: -entry.size)[:12]:
        print(f"       {entry.size / 1e6:6.2f} MB  {entry.name}")


def check_confinement(container, report):
    status = container.process_status()
    report.check(set(status["Uid"]) == {str(USER)}, f"runs as {status['Uid'][0]}")
    report.check(int(status["CapEff"][0], 16) == 0 and status["NoNewPrivs"] == ["1"], "has no capabilities, gets none")


def check_service(container, report):
    for path in ("/livez", "/startupz", "/metrics", "/openapi.json", "/"):
        status, body = container.ask(path)
        report.check(status == 200, f"GET {path}: {status}, {len(body)} bytes")
    status, body = container.ask("/translate", {"text": "Zwei Hunde spielen im Schnee."})
    text = json.loads(body)["translations"][0]["text"] if status == 200 else ""
    report.check("dogs" in text, f"POST /translate: {status}, {text!r}")
    health = json.loads(container.engine.output("inspect", "--format", "{{json .Config.Healthcheck.Test}}", container.id))
    asked = container.engine.call("exec", container.id, *health[1:], check=False)
    report.check(health[0] == "CMD" and asked.returncode == 0, f"the health check {shlex.join(health[1:])} exits {asked.returncode}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="docker", help="command of the engine, such as 'podman --runtime runc' (default: docker)")
    parser.add_argument("--build-flags", default="", help="further flags of its build command; Podman needs '--format docker' for the health check")
    parser.add_argument("--run-flags", default="", help="further flags of its run command")
    options = parser.parse_args()
    if not shutil.which((shlex.split(options.engine) or [""])[0]):
        parser.error(f"--engine {options.engine}: there is no such command")
    engine, report = Engine(options), Report()
    engine.build("shoal:server", "--target", "server")
    engine.build("shoal:latest")
    check_sizes(engine, report)
    check_files(engine, report)
    with Container(engine, "shoal:latest") as container:
        seconds = container.seconds_until_ready()
        report.check(seconds is not None, f"ready {seconds or START_LIMIT:.2f} s after the start")
        if seconds is not None:
            check_confinement(container, report)
            check_service(container, report)
            status = container.stop()
            report.check(status == 0, f"SIGTERM ends it with status {status}")
    return 1 if report.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"{shlex.join(map(str, error.cmd))} ended with {error.returncode}")
