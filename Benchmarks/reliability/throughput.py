"""Requests a second of /livez and of /translate beside nginx with a static file, and beside the engine alone, in alternating rounds.

Needs `wrk` and `nginx` (Debian's packages). All of them, and the load, share this machine's processors.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from endurance import wrk
from service import ROOT, TEXT, Server, translation

NGINX = """
daemon off; worker_processes auto; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000; default_type application/json;
    server {{ listen 127.0.0.1:{port}; location / {{ root {folder}; }} }}
}}
"""


def engine(options, sentences):
    """Translations a second of the engine without a server, with as many in flight."""
    command = [
        str(options.shoal), "bench", "--model", options.model, "--precision", options.precision, "--source", sentences,
        "--repeat", str(options.repeat), "--in-flight", str(options.connections), "--policy", options.policy, "--json"]
    if options.tokens:
        command += ["--fixed-length", str(options.tokens)]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return json.loads(output)["sentences_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoal", type=Path, default=ROOT / ".build/release/shoal")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--model", default="models/multi30k-de-en")
    parser.add_argument("--policy", default="token_geometric")
    parser.add_argument("--tokens", type=int, help="length of every output, for models without a notion of an end")
    parser.add_argument("--repeat", type=int, default=20, help="times that the engine translates its 64 sentences")
    parser.add_argument(
        "--connections", type=int, default=128,
        help="that translate, and sentences that the engine has: twice what the batches of two workers hold")
    parser.add_argument("--seconds", type=int, default=3, help="of translating; what is under way at the end is not counted")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=18380, help="for nginx")
    options = parser.parse_args()
    length = {"min_output_tokens": options.tokens, "max_output_tokens": options.tokens} if options.tokens else {}
    body = translation(**length)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "livez").write_text('{"status":"ok"}')
        (Path(folder) / "text").write_text(f"{TEXT}\n" * 64)
        (Path(folder) / "nginx.conf").write_text(NGINX.format(folder=folder, port=options.port))
        Path(folder).chmod(0o755)
        nginx = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf"])
        server = Server(
            options.shoal, flags=[
                "--log-access", "false", "--model", options.model, "--compute-precision", options.precision, "--exit-policy", options.policy])
        try:
            rounds = [
                {
                    "nginx, static file": wrk(options.port, 3, 64, "/livez")[0],
                    "shoal, /livez": wrk(server.port, 3, 64, "/livez")[0],
                    "engine alone": engine(options, f"{folder}/text"),
                    "shoal, /translate": wrk(server.port, options.seconds, options.connections, body=body)[0],
                }
                for _ in range(options.rounds)
            ]
        finally:
            nginx.terminate()
            server.end()
    for name in rounds[0]:
        values = [one[name] for one in rounds]
        print(f"{name:20} {statistics.median(values):9.0f}/s  ({min(values):.0f} … {max(values):.0f})")
    for above, below in [("shoal, /livez", "nginx, static file"), ("shoal, /translate", "engine alone")]:
        ratios = [one[above] / one[below] for one in rounds]
        print(f"{above} against {below}: {statistics.median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f})")


if __name__ == "__main__":
    main()
