"""Shoal beside CTranslate2 on this machine: `scripts/compare-peers` makes the environment and calls this.

Everything takes turns in rounds, and a ratio is the median over rounds of that round's ratio, with its range. Ratios above 1 are in
Shoal's favour. Tokens include the end of sentence. One at a time: both with one thread or all, whichever is faster. In flight: all
threads; CTranslate2 gets all sentences at once, sorts them, and runs with the best of its settings here.

Bound: what a token at full depth takes at least, as a share of what it took: the weights of the decoder read once for a batch at the
measured bandwidth, or its operations at the measured peak, whichever is longer, and the encoder's operations at the peak.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import ctranslate2

    from engines import Peer, Shoal, Workload
except ImportError as error:
    sys.exit(f"{error}: scripts/compare-peers makes the environment that this needs")

ROOT = Path(__file__).resolve().parent.parent.parent
MULTI30K = ROOT / "models/multi30k-de-en"


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/compare-peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", type=Path, help="German sentences, one a line (default: those of the tests)")
    parser.add_argument("reference", nargs="?", type=Path, help="their translations: BLEU of both on the whole file")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, sentences and settings: below two minutes")
    parser.add_argument("--rounds", type=int, help="default: 5, or 3")
    parser.add_argument("--policy", action="append", default=[], help="as in shoal bench; may be given again (default: the model's)")
    parser.add_argument("--precision", choices=["int8", "int7", "float32"], default="int8", help="of both (default: int8); int7 is compared with the other's int8")
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--fixed-length", type=int, default=24, help="output tokens of the random checkpoints")
    parser.add_argument("--sized", type=Path, required=True, help="folder with the random checkpoints (given by the script)")
    parser.add_argument("--shoal", type=Path, default=ROOT / ".build/release/shoal")
    parser.add_argument("--models", default="multi30k,iwslt,base,opus", help="which of them, with commas between")
    parser.add_argument("--skip-kernels", action="store_true", help="leave out the table of single products, and the bounds")
    parser.add_argument("--json", action="store_true", help="a JSON object a line instead of tables")
    return parser.parse_args()


def sentences(path):
    if path:
        return path.read_text(encoding="utf-8").splitlines()
    golden = json.loads((ROOT / "Tests/Golden/own.json").read_text(encoding="utf-8"))
    return [sentence["text"] for sentence in golden[0]["sentences"] if sentence["text"].strip()]


def summary(values):
    return {"ratio": statistics.median(values), "ratio_low": min(values), "ratio_high": max(values)}


class Roofline:
    """The least time of a token at full depth, by what this machine was measured to do."""

    batch_rows = 32  # of a worker, as batch.max_sequences has it

    def __init__(self, workload, precision):
        config = json.loads((workload.checkpoint / "config.json").read_text())
        d, f, layers, vocabulary = (config[key] for key in ("d_model", "decoder_ffn_dim", "decoder_layers", "vocab_size"))
        self.is_int8 = precision != "float32"
        # Without keys and values of the source, which are made once for a sentence.
        self.bytes = (layers * (6 * d * d + 2 * d * f) + vocabulary * d) * (1 if self.is_int8 else 4)
        output = subprocess.run(
            [sys.executable, ROOT / "Benchmarks/kernels/kernels.py", "--machine", str(self.bytes)],
            check=True, capture_output=True, text=True).stdout
        self.machine = json.loads(output)

    def share(self, row):
        """Of the time that a row of shoal bench took."""
        peak = 1e9 * self.machine["gops" if self.is_int8 else "gflops"]
        rows = max(1, min(self.batch_rows, row["in_flight"] // row["threads"]))
        read = self.bytes / rows / (1e9 * self.machine["read_gb_per_s"])
        least = max(read, row["full_depth_operations_per_token"] / peak) + row["encoder_operations_per_token"] / peak
        return least * row["tokens_per_second"] / row["threads"]


class Comparison:
    def __init__(self, options):
        self.options = options
        self.threads = len(os.sched_getaffinity(0))
        self.rounds = options.rounds or (3 if options.quick else 5)
        self.scratch = Path(tempfile.mkdtemp())
        self.shoal = Shoal(options.shoal, options.precision, options.policy or self.default_policies())
        self.rows = []

    def default_policies(self):
        found = json.loads((MULTI30K / "exits.json").read_text())["policies"]
        return list(found)

    def workloads(self):
        texts, quick = sentences(self.options.source), self.options.quick
        for name in self.options.models.split(","):
            if name == "multi30k":
                yield Workload(name, MULTI30K, texts[: 100 if quick else 300], None, self.scratch), 50 if quick else 100
            else:
                count = 64 if quick else 128
                repeated = (texts * (count // len(texts) + 1))[:count]
                yield Workload(name, self.options.sized / name, repeated, self.options.fixed_length, self.scratch), 4 if quick else 8

    def peer(self, workload):
        """CTranslate2, which has 8 bits where Shoal has 7."""
        return Peer(workload, "float32" if self.options.precision == "float32" else "int8")

    def add(self, **row):
        self.rows.append(row)
        if self.options.json:
            print(json.dumps(row), flush=True)

    def compare(self, workload, alone):
        peer = self.peer(workload)
        self.roofline = None if self.options.skip_kernels else Roofline(workload, self.options.precision)
        self.one_at_a_time(workload, peer, alone)
        self.in_flight(workload, peer)
        with self.shoal.serve(workload) as server:
            own = server.resident()
        theirs = peer.resident(self.threads)
        self.add(case="resident MiB", model=workload.name, policy="", peer=theirs, own=own, ratio=own / theirs)

    def one_at_a_time(self, workload, peer, count):
        sources, counts = peer.sources[:count], sorted({1, self.threads})
        for threads in counts:
            peer.p50(threads, sources[:2])
        rounds = []
        for _ in range(self.rounds):
            theirs = {threads: peer.p50(threads, sources) for threads in counts}
            rounds.append((theirs, {threads: self.shoal.bench(workload, 1, limit=count, threads=threads) for threads in counts}))
        better = min(counts, key=lambda threads: statistics.median(theirs[threads] for theirs, _ in rounds))
        own_better = min(counts, key=lambda threads: statistics.median(own[threads]["full"]["p50_ms"] for _, own in rounds))
        pairs = [(theirs[better], own[own_better]) for theirs, own in rounds]
        self.policies(
            "p50 ms", workload, f"threads {better}, Shoal's {own_better}", pairs, "p50_ms", lambda peer, own: peer / own)

    def settings(self):
        """inter_threads, intra_threads, max_batch_size, batch_type."""
        places, n = self.options.in_flight, self.threads
        settings = [(n, 1, places, "examples"), (n, 1, max(1, places // n), "examples")]
        if not self.options.quick:
            settings += [(n, 1, 1024, "tokens"), (1, n, places, "examples")]
        return settings

    def in_flight(self, workload, peer):
        sources, settings = peer.sources, self.settings()
        for setting in settings:
            peer.throughput(setting, sources[:8])
        trial = {setting: peer.throughput(setting, sources) for setting in settings}
        best = max(trial, key=trial.get)
        rounds = [(peer.throughput(best, sources), self.shoal.bench(workload, self.options.in_flight)) for _ in range(self.rounds)]
        inter, intra, size, kind = best
        setting = f"threads {inter} × {intra}, batches of {size} {kind}"
        self.policies("tokens/s", workload, setting, rounds, "tokens_per_second", lambda peer, own: own / peer)

    def policies(self, case, workload, setting, rounds, key, ratio):
        for name in rounds[0][1]:
            own = [rows[name] for _, rows in rounds]
            kept = [row["kept"] for row in own if row["kept"] is not None]
            self.add(
                case=case, model=workload.name, policy=name, peer_setting=setting, peer=statistics.median(theirs for theirs, _ in rounds),
                own=statistics.median(row[key] for row in own), **summary([ratio(theirs, rows[name][key]) for theirs, rows in rounds]),
                exit=own[0]["average_exit_layer"], operations=own[0]["operations"], time=statistics.median(row["time"] for row in own),
                kept=statistics.median(kept) if kept else None,
                bound=statistics.median(map(self.roofline.share, own)) if self.roofline and name == "full" else None)

    def starts(self, workload):
        times = []
        for _ in range(3 if self.options.quick else 7):
            with self.shoal.serve(workload) as server:
                times.append(server.first_answer())
        self.add(case="start to first answer ms", model=workload.name, policy="", own=statistics.median(times))

    def quality(self, workload, peer):
        import sacrebleu
        references = sentences(self.options.reference)
        hypotheses = peer.translate(sentences(self.options.source))
        theirs = sacrebleu.corpus_bleu(hypotheses, [references]).score
        for name, own in self.shoal.bleu(workload, self.options.source, self.options.reference).items():
            self.add(case="BLEU", model=workload.name, policy=name, peer=theirs, own=own)

    def run(self):
        for workload, alone in self.workloads():
            self.compare(workload, alone)
            if workload.name == "multi30k":
                self.starts(workload)
                if self.options.reference:
                    self.quality(workload, self.peer(workload))

    def table(self):
        def number(value, decimals=1):
            return "–" if value is None else f"{value:,.{decimals}f}"

        def percent(value):
            return "–" if value is None else f"{100 * value:.0f} %"

        print("\n| case | model | policy | CTranslate2 | Shoal | ratio (range) | exit | operations | time | kept | bound |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for row in self.rows:
            ratio = number(row.get("ratio"), 2)
            if "ratio_low" in row:
                ratio += f" ({row['ratio_low']:.2f}–{row['ratio_high']:.2f})"
            decimals = 0 if row["case"] == "tokens/s" else 2
            print(
                f"| {row['case']} | {row['model']} | {row['policy']} "
                f"| {number(row.get('peer'), decimals)} | {number(row['own'], decimals)} | {ratio} "
                f"| {number(row.get('exit'), 2)} | {percent(row.get('operations'))} | {percent(row.get('time'))} "
                f"| {percent(row.get('kept'))} | {percent(row.get('bound'))} |")
        print()
        for row in self.rows:
            if row.get("policy") == "full" and "peer_setting" in row:
                print(f"CTranslate2, {row['case']}, {row['model']}: {row['peer_setting']}")


def main():
    options = arguments()
    if options.reference and not options.source:
        sys.exit("a reference needs its source")
    for path in filter(None, [options.source, options.reference, options.shoal]):
        if not path.is_file():
            sys.exit(f"there is no file {path}")
    known = ["multi30k", "iwslt", "base", "opus"]
    for name in options.models.split(","):
        if name not in known:
            sys.exit(f"--models {name}: there are {', '.join(known)}")
    comparison = Comparison(options)
    if not options.json:
        print(
            f"CTranslate2 {ctranslate2.__version__} and Shoal in {options.precision}, "
            f"{comparison.threads} processors, {options.in_flight} in flight, {comparison.rounds} rounds", flush=True)
    comparison.run()
    if not options.json:
        comparison.table()
    if not options.skip_kernels:
        print(flush=True)
        rounds = ["--rounds", "5" if options.quick else "15"] + (["--json"] if options.json else [])
        subprocess.run([sys.executable, ROOT / "Benchmarks/kernels/kernels.py", *rounds], check=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}\n{error.stderr or ''}")
