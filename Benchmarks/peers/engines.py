"""CTranslate2 and Shoal as `compare.py` measures them."""
import http.client
import json
import re
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import ctranslate2
import sentencepiece


class Workload:
    """A checkpoint with the sentences that it is to translate."""

    def __init__(self, name, checkpoint, texts, fixed_length, scratch):
        self.name, self.checkpoint, self.texts, self.fixed_length = name, Path(checkpoint), texts, fixed_length
        self.converted = scratch / f"{name}-ctranslate2"
        self.source = scratch / f"{name}.txt"
        self.source.write_text("".join(text + "\n" for text in texts), encoding="utf-8")


class Peer:
    """CTranslate2 in this process. Only translate_batch is timed: neither segmentation nor putting the text together."""

    def __init__(self, workload, precision):
        self.workload, self.precision, self.translators = workload, precision, {}
        converter = Path(sys.executable).parent / "ct2-transformers-converter"
        subprocess.run(
            [converter, "--model", workload.checkpoint, "--output_dir", workload.converted, "--quantization", precision, "--force"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        pieces = sentencepiece.SentencePieceProcessor(model_file=str(workload.checkpoint / "source.spm"))
        self.target = sentencepiece.SentencePieceProcessor(model_file=str(workload.checkpoint / "target.spm"))
        self.sources = [pieces.encode(text, out_type=str) + ["</s>"] for text in workload.texts]
        length = workload.fixed_length
        self.options = {"beam_size": 1, "min_decoding_length": length or 1, "max_decoding_length": length or 256}

    def translator(self, inter, intra):
        if (inter, intra) not in self.translators:
            self.translators[inter, intra] = ctranslate2.Translator(
                str(self.workload.converted), compute_type=self.precision, inter_threads=inter, intra_threads=intra)
        return self.translators[inter, intra]

    def p50(self, threads, sources):
        """Milliseconds of the median sentence, one at a time."""
        translator, times = self.translator(1, threads), []
        for source in sources:
            start = time.perf_counter()
            translator.translate_batch([source], **self.options)
            times.append(time.perf_counter() - start)
        return 1000 * statistics.median(times)

    def throughput(self, setting, sources):
        """Tokens a second, end of sentence included, all sentences given at once."""
        inter, intra, size, kind = setting
        translator = self.translator(inter, intra)
        start = time.perf_counter()
        results = translator.translate_batch(sources, max_batch_size=size, batch_type=kind, **self.options)
        seconds = time.perf_counter() - start
        ends = 0 if self.workload.fixed_length else 1
        return sum(len(result.hypotheses[0]) + ends for result in results) / seconds

    def translate(self, texts):
        pieces = sentencepiece.SentencePieceProcessor(model_file=str(self.workload.checkpoint / "source.spm"))
        sources = [pieces.encode(text, out_type=str) + ["</s>"] for text in texts]
        results = self.translator(1, 1).translate_batch(sources, max_batch_size=64, **self.options)
        return [self.target.decode(result.hypotheses[0]) for result in results]

    def resident(self, threads):
        """MiB of a process of its own after it has translated all sentences."""
        script = Path(__file__).parent / "memory.py"
        arguments = [self.workload.converted, self.workload.checkpoint, self.workload.source, threads, self.workload.fixed_length or 0]
        output = subprocess.run([sys.executable, script, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
        return int(output) / 1024


class Shoal:
    """The tool, a process for each measurement; it measures itself, from source text or ids to target text, without its start."""

    def __init__(self, binary, precision, policies):
        self.binary, self.precision, self.policies = str(binary), precision, policies

    def bench(self, workload, in_flight, limit=None, threads=None):
        """A row for each policy, by name; with threads that share a sentence where one is under way at a time."""
        command = [self.binary, "bench", "--model", str(workload.checkpoint), "--source", str(workload.source), "--json", "--repeat", "1",
                   "--precision", self.precision]
        command += ["--limit", str(limit)] if limit else []
        command += ["--in-flight", str(in_flight)] if in_flight > 1 else []
        command += ["--threads", str(threads)] if threads else []
        command += ["--fixed-length", str(workload.fixed_length)] if workload.fixed_length else []
        for policy in ["full"] if workload.fixed_length else ["full", *self.policies]:
            command += ["--policy", policy]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return {row["name"]: row for row in map(json.loads, output.splitlines())}

    def bleu(self, workload, source, reference):
        """BLEU of the policies by name, of the whole file."""
        command = [self.binary, "evaluate", "--model", str(workload.checkpoint), str(source), str(reference), "--json",
                   "--precision", self.precision]
        for policy in ["full", *self.policies]:
            command += ["--rule", policy]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return {name: json.loads(line)["bleu"] for name, line in zip(["full", *self.policies], output.splitlines())}

    def serve(self, workload):
        return Server(self, workload)


class Server:
    """`shoal serve` on a free port, while the `with` lasts."""

    def __init__(self, shoal, workload):
        self.workload = workload
        self.command = [
            shoal.binary, "serve", "--port", "0", "--model", str(workload.checkpoint), "--compute-precision", shoal.precision]

    def __enter__(self):
        self.start = time.perf_counter()
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if found := re.search(r"listening on http://[^ ]*:(\d+)", line):
                self.port = int(found[1])
                return self
        raise RuntimeError(f"{' '.join(self.command)} did not start: {''.join(lines)}")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        self.process.wait()

    def translate(self, texts):
        """The status of a request."""
        body = {"text": texts}
        if self.workload.fixed_length:
            body |= {"min_output_tokens": self.workload.fixed_length, "max_output_tokens": self.workload.fixed_length}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/translate", json.dumps(body), {"Content-Type": "application/json"})
        status = connection.getresponse().status
        connection.close()
        return status

    def first_answer(self):
        """Milliseconds from the start of the process to the first translation."""
        while self.translate(self.workload.texts[:1]) != 200:
            if time.perf_counter() - self.start > 60:
                raise RuntimeError("the server gives no translation")
        return 1000 * (time.perf_counter() - self.start)

    def resident(self):
        """MiB after all sentences."""
        self.first_answer()
        for start in range(0, len(self.workload.texts), 64):
            if (status := self.translate(self.workload.texts[start:start + 64])) != 200:
                raise RuntimeError(f"the server answered {status}")
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{self.process.pid}/status").read())[1]) / 1024
