#!/usr/bin/env python3
"""Measure the products of Sources/CKernels beside CTranslate2's own, the machine's peaks and its bandwidth (x86-64, clang).

Usage: PYTHON Benchmarks/kernels/kernels.py [--rounds 15] [--kernels Sources/CKernels] [--json] [--machine BYTES]

PYTHON has numpy and ctranslate2, and torch if that is to be compared; scripts/compare-peers makes such an environment.

int8: one thread, K 512, in processor time of the thread, which a neighbour costs less than the clock's. Everything takes turns in every
round, and ratios are medians over rounds. CTranslate2's product is the C++ function that its library exports, called with what
CTranslate2 itself passes on this machine: unsigned activations with the compensation where its backend prefers that, packed weights
where it packs them. It gives int32; ours also gives the scaled floats. Neither includes quantising the activations. The bound is the
lower of the peak and what the read bandwidth of a buffer of the size of the weights allows.

Before it is timed, each product must be right. Without VNNI (AVX2, SSSE3) CTranslate2 adds two products of bytes in 16 bits, where
255 · 127 · 2 does not fit: its sums saturate and its results are wrong, as a property of the product. It is then held against weights
that cannot saturate (at most 64: 255 · 64 · 2 = 32,640), where it must be exact, and the output says how many of its results are wrong
with the weights that are timed, which go up to 127 as those of a model do.

fp32: two threads; against numpy and torch, whichever is faster. Threads of theirs go on spinning for a while after each product, so that
everybody rests before the next one's turn.

With --machine only the peaks of one thread are measured, and the bandwidth of reading so many bytes again and again.
"""
import argparse, ctypes, glob, json, os, platform, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "2"
try:
    import numpy
except ImportError:
    sys.exit("kernels.py needs a Python with numpy and ctranslate2, such as .build-peers/venv/bin/python of scripts/compare-peers")

ROOT = Path(__file__).resolve().parent.parent.parent
CHAINS = 12
K = 512
# The largest weight with which two products of it and an unsigned byte still fit in 16 bits with sign.
UNSATURABLE = 64
INT8_SHAPES = [(m, n) for n in (2048, 16384) for m in (1, 4, 32, 256)]
FP32_THREADS = 2
# Seconds that idle threads of OpenBLAS and OpenMP spin for are fewer.
REST = 0.3
# Seconds of a turn: the kernel takes some milliseconds to move a new thread to a processor of its own.
FP32_TURN = 0.1
# Forward and gradient of weights, as (kind, m, n, k): a cube, then 1,800 target tokens through the layers of models/multi30k-de-en.
FORWARD, FORWARD_WITH_PACKING, WEIGHT_GRADIENT = range(3)
FP32_SHAPES = [
    (FORWARD, 1024, 1024, 1024), (FORWARD_WITH_PACKING, 1024, 1024, 1024), (FORWARD, 1800, 128, 128), (FORWARD, 1800, 512, 128),
    (FORWARD, 1800, 128, 512), (FORWARD, 1800, 4000, 128), (WEIGHT_GRADIENT, 1800, 512, 128), (WEIGHT_GRADIENT, 1800, 128, 512),
    (WEIGHT_GRADIENT, 1800, 4000, 128),
]
KINDS = {FORWARD: "x·Wᵀ", FORWARD_WITH_PACKING: "x·Wᵀ, packing W too", WEIGHT_GRADIENT: "dyᵀ·x"}


def build(kernels):
    """Compiles the kernels as Package.swift does, with the loops around them."""
    if not shutil.which("clang"):
        sys.exit("kernels.py needs clang, which comes with the Swift toolchain")
    if not (kernels / "include").is_dir():
        sys.exit(f"--kernels {kernels} is no folder with the kernels' sources")
    library = Path(tempfile.mkdtemp()) / "kernels.so"
    sources = sorted(map(str, kernels.glob("*.c"))) + [str(Path(__file__).parent / "timing.c")]
    subprocess.run(
        ["clang", "-O3", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-pthread", "-I", str(kernels / "include"),
         "-o", str(library), *sources, "-lm"], check=True)
    ours = ctypes.CDLL(str(library))
    loops = ("peer", "int8", "fp32", "fma_avx512", "dot_avx512", "fma_avx2", "dot_avx2", "read")
    for name in (f"time_{loop}" for loop in loops):
        getattr(ours, name).restype = ctypes.c_double
    ours.make_int8.restype = ctypes.c_void_p
    ours.int8_result.restype = ctypes.POINTER(ctypes.c_float)
    return ours


def pointer(array):
    return ctypes.c_void_p(array.ctypes.data)


def aligned(count):
    """Bytes that begin at a cache line."""
    raw = numpy.ones(count + 64, numpy.uint8)  # zeros would be one page, mapped many times
    start = -raw.ctypes.data % 64
    return raw[start:start + count]


class Machine:
    """What this processor can do, measured."""

    def __init__(self, ours):
        self.ours = ours
        fields = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines())
        fields = {name.strip(): value.strip() for name, value in fields.items()}
        self.name, flags = fields.get("model name", "unknown processor"), fields.get("flags", "").split()
        self.has512, self.has_vnni = "avx512f" in flags, "avx512_vnni" in flags

    def describe(self):
        return f"{self.name}, {os.cpu_count()} processors, {'AVX-512' if self.has512 else 'AVX2'}{' VNNI' if self.has_vnni else ''}"

    def fma(self, rounds=40000):
        name, lanes = ("time_fma_avx512", 16) if self.has512 else ("time_fma_avx2", 8)
        return CHAINS * lanes * 2 * rounds / getattr(self.ours, name)(ctypes.c_long(rounds)) / 1e9

    def dot(self, rounds=40000):
        name, lanes = ("time_dot_avx512", 64) if self.has_vnni else ("time_dot_avx2", 32)
        return CHAINS * lanes * 2 * rounds / getattr(self.ours, name)(ctypes.c_long(rounds)) / 1e9

    def read(self, buffer):
        """GB/s of the best of plain reading and reading with prefetches at three distances."""
        rounds = max(1, (32 << 20) // buffer.nbytes)
        return max(
            buffer.nbytes * rounds / self.ours.time_read(
                pointer(buffer), ctypes.c_size_t(buffer.nbytes), ctypes.c_size_t(ahead), ctypes.c_long(rounds)) / 1e9
            for ahead in (0, 2048, 4096, 8192))


class Peer:
    """CTranslate2's product."""

    class Case(ctypes.Structure):
        _fields_ = [
            ("gemm", ctypes.c_void_p), ("a", ctypes.c_void_p), ("b", ctypes.c_void_p), ("c", ctypes.c_void_p),
            ("compensation", ctypes.c_void_p),
            ("m", ctypes.c_long), ("n", ctypes.c_long), ("k", ctypes.c_long), ("b_is_packed", ctypes.c_bool)]

    INT8 = 3  # ctranslate2::ComputeType::INT8
    BACKENDS = ["none", "MKL", "oneDNN", "Accelerate", "OpenBLAS", "Ruy"]

    def __init__(self):
        try:
            import ctranslate2
        except ImportError:
            sys.exit("kernels.py needs ctranslate2 beside numpy: pip install -r Benchmarks/peers/requirements.txt")
        self.version = ctranslate2.__version__
        folder = Path(ctranslate2.__file__).parent
        [path] = glob.glob(str(folder.parent / "ctranslate2.libs" / "libctranslate2*.so*"))
        self.library = ctypes.CDLL(path)
        self.symbols = {}
        names = subprocess.run(["nm", "-D", "--defined-only", path], check=True, capture_output=True, text=True).stdout
        mangled = [line.split()[-1] for line in names.splitlines()]
        readable = subprocess.run(["c++filt"], input="\n".join(mangled), check=True, capture_output=True, text=True).stdout.splitlines()
        for key, text in {
            "gemm": "::primitives<(ctranslate2::Device)0>::gemm<signed char, int>(bool, bool, bool, bool, long, long, long, float,",
            "pack": "::primitives<(ctranslate2::Device)0>::gemm_pack_b<signed char>(signed char const*, bool, long, long, float,",
            "compensation": "::primitives<(ctranslate2::Device)0>::compute_u8_compensation(signed char const*, bool, long, long, float,",
            "backend": "ctranslate2::cpu::get_gemm_backend(ctranslate2::ComputeType)",
            "packs": "ctranslate2::cpu::pack_gemm_weights(ctranslate2::ComputeType)",
            "threads": "ctranslate2::set_num_threads(unsigned long)",
        }.items():
            found = [name for name, full in zip(mangled, readable) if text in full]
            if len(found) != 1:
                sys.exit(f"{path} exports {len(found)} functions like {text}: this CTranslate2 {self.version} is laid out otherwise")
            self.symbols[key] = getattr(self.library, found[0])
        self.symbols["packs"].restype = ctypes.c_bool
        self.symbols["pack"].restype = ctypes.c_long
        self.symbols["threads"](ctypes.c_size_t(1))
        self.backend = self.BACKENDS[self.symbols["backend"](self.INT8)]
        # The two backends for which CTranslate2 shifts its activations to unsigned bytes.
        self.is_unsigned = self.backend in ("MKL", "oneDNN")
        self.packs = self.is_unsigned and self.symbols["packs"](self.INT8)

    def describe(self):
        return (f"ctranslate2 {self.version}, backend {self.backend}, "
                f"{'unsigned' if self.is_unsigned else 'signed'} activations, weights {'packed' if self.packs else 'as they are'}")

    def case(self, a, b):
        """The product of bytes a [m, k], signed, and b [n, k], and the arrays that it works on."""
        (m, k), n = a.shape, b.shape[0]
        c, compensation = numpy.zeros((m, n), numpy.int32), numpy.zeros(n, numpy.int32)
        shape = (ctypes.c_bool(True), ctypes.c_long(k), ctypes.c_long(n), ctypes.c_float(1))
        weights = b
        if self.is_unsigned:
            self.symbols["compensation"](pointer(b), *shape, pointer(compensation))
            a = (a.astype(numpy.int16) + 128).astype(numpy.uint8)
        if self.packs:
            weights = aligned(self.symbols["pack"](pointer(b), *shape, None))
            self.symbols["pack"](pointer(b), *shape, pointer(weights))
        gemm = ctypes.cast(self.symbols["gemm"], ctypes.c_void_p).value
        case = self.Case(
            gemm, a.ctypes.data, weights.ctypes.data, c.ctypes.data, compensation.ctypes.data if self.is_unsigned else None,
            m, n, k, self.packs)
        return case, (a, weights, c, compensation)


def exact_product(a, b):
    """The integers of a [m, k] · b [n, k]ᵀ: float64 holds sums of that size exactly, and is faster than numpy's integers."""
    return (a.astype(numpy.float64) @ b.astype(numpy.float64).T).astype(numpy.int32)


class Exactness:
    """How far the results of a peer's product are from the integers that it stands for."""

    def __init__(self, results, exact):
        difference = numpy.abs(results.astype(numpy.int64) - exact)
        self.wrong = float((difference > 0).mean())
        self.error = float(numpy.sqrt((difference.astype(numpy.float64) ** 2).mean()) / exact.std())

    def __str__(self):
        return f"{100 * self.wrong:.1f} % of the results, by {100 * self.error:.1f} % of their standard deviation (root mean square)"


def check_peer(ours, peer, a, b, case, c):
    """The exactness of the peer's product. Ends the process where it is neither exact nor exact up to saturation."""
    ours.time_peer(ctypes.byref(case), ctypes.c_long(1))
    seen = Exactness(c, exact_product(a, b))
    if seen.wrong == 0:
        return seen
    small = (b.astype(numpy.int16) * UNSATURABLE // 127).astype(numpy.int8)
    small_case, arrays = peer.case(a, small)
    ours.time_peer(ctypes.byref(small_case), ctypes.c_long(1))
    left = Exactness(arrays[2], exact_product(a, small))
    if left.wrong > 0:
        sys.exit(f"CTranslate2's product of {a.shape} and {b.shape} is called wrongly: with weights that cannot saturate, "
                 f"wrong in {left}")
    return seen


def repeats_for(seconds_once, seconds=0.006):
    return max(1, int(seconds / max(seconds_once, 1e-9)))


def median(values):
    return statistics.median(values)


def measure_int8(ours, machine, peer, m, n, rounds, bits):
    random = numpy.random.default_rng(1)
    x = random.standard_normal((m, K), numpy.float32)
    weights = random.standard_normal((n, K), numpy.float32)
    mine = ctypes.c_void_p(ours.make_int8(pointer(weights), ctypes.c_size_t(n), ctypes.c_size_t(K), pointer(x), ctypes.c_size_t(m),
                                          ctypes.c_int(2**(bits - 1) - 1)))
    a = random.integers(-127, 128, (m, K), numpy.int8)
    b = random.integers(-127, 128, (n, K), numpy.int8)
    case, arrays = peer.case(a, b)  # the case only points to the arrays
    # Both have to be right before they are fast.
    exactness = check_peer(ours, peer, a, b, case, arrays[2])
    ours.time_int8(mine, ctypes.c_long(1))
    y = numpy.ctypeslib.as_array(ours.int8_result(mine), (m, n))
    exact = x @ weights.T
    if numpy.abs(y - exact).max() >= 0.05 * numpy.abs(exact).max():
        sys.exit(f"our int8 product of {x.shape} and {weights.shape} is wrong")

    operations, buffer = 2 * m * n * K, aligned(n * K)
    counts = [
        repeats_for(ours.time_int8(mine, ctypes.c_long(2)) / 2), repeats_for(ours.time_peer(ctypes.byref(case), ctypes.c_long(2)) / 2)]
    rows = []
    for _ in range(rounds):
        own = operations * counts[0] / ours.time_int8(mine, ctypes.c_long(counts[0])) / 1e9
        other = operations * counts[1] / ours.time_peer(ctypes.byref(case), ctypes.c_long(counts[1])) / 1e9
        peak, bandwidth = machine.dot(), machine.read(buffer)
        rows.append((own, other, peak, bandwidth, min(peak, bandwidth * operations / buffer.nbytes)))
    return {
        "product": f"int{bits}", "m": m, "n": n, "k": K, "threads": 1, "gops": median(r[0] for r in rows),
        "peer_gops": median(r[1] for r in rows), "ratio": median(r[0] / r[1] for r in rows),
        "ratio_low": min(r[0] / r[1] for r in rows), "ratio_high": max(r[0] / r[1] for r in rows),
        "peak": median(r[2] for r in rows), "of_peak": median(r[0] / r[2] for r in rows), "read_gb_per_s": median(r[3] for r in rows),
        "of_bound": median(r[0] / r[4] for r in rows), "peer_wrong": exactness.wrong, "peer_error": exactness.error}


class FP32Case(ctypes.Structure):
    _fields_ = [
        ("kind", ctypes.c_int), ("x", ctypes.c_void_p), ("weights", ctypes.c_void_p), ("y", ctypes.c_void_p),
        ("m", ctypes.c_long), ("n", ctypes.c_long), ("k", ctypes.c_long), ("threads", ctypes.c_long)]


def measure_fp32(ours, machine, torch, kind, m, n, k, rounds):
    random = numpy.random.default_rng(1)
    x = random.standard_normal((m, k), numpy.float32)
    is_gradient = kind == WEIGHT_GRADIENT
    w = random.standard_normal((m, n) if is_gradient else (n, k), numpy.float32)
    y = numpy.zeros((n, k) if is_gradient else (m, n), numpy.float32)
    result = numpy.zeros_like(y)
    left, right = (w.T, x) if is_gradient else (x, w.T)
    case = FP32Case(kind, x.ctypes.data, w.ctypes.data, y.ctypes.data, m, n, k, FP32_THREADS)
    peers = {"numpy": lambda: numpy.matmul(left, right, out=result)}
    if torch:
        tensors = [torch.from_numpy(array) for array in (left, right, result)]
        peers["torch"] = lambda: torch.mm(tensors[0], tensors[1], out=tensors[2])

    def seconds_of(product, repeats):
        time.sleep(REST)
        start = time.perf_counter()
        for _ in range(repeats):
            product()
        return (time.perf_counter() - start) / repeats

    def own(repeats):
        time.sleep(REST)
        return ours.time_fp32(ctypes.byref(case), ctypes.c_long(repeats)) / repeats

    own(1)
    for product in peers.values():
        product()
    if numpy.abs(y - result).max() >= 1e-3 * numpy.abs(result).max():
        sys.exit(f"our fp32 product {KINDS[kind]} of {m} × {n} × {k} is wrong")
    gflop = 2 * m * n * k / 1e9
    counts = {name: repeats_for(seconds_of(product, 2), FP32_TURN) for name, product in peers.items()}
    own_count, rows = repeats_for(own(2), FP32_TURN), []
    for _ in range(rounds):
        mine = gflop / own(own_count)
        rows.append((mine, {name: gflop / seconds_of(product, counts[name]) for name, product in peers.items()}, machine.fma()))
    better = max(peers, key=lambda name: median(r[1][name] for r in rows))
    return {
        "product": "fp32", "kind": KINDS[kind], "m": m, "n": n, "k": k, "threads": FP32_THREADS, "gflops": median(r[0] for r in rows),
        "peers_gflops": {name: median(r[1][name] for r in rows) for name in peers}, "peer": better,
        "ratio": median(r[0] / r[1][better] for r in rows), "ratio_low": min(r[0] / r[1][better] for r in rows),
        "ratio_high": max(r[0] / r[1][better] for r in rows), "of_peak": median(r[0] / r[2] / FP32_THREADS for r in rows)}


def print_int8(row):
    print(f"| {row['m']} | {row['n']:,} | {row['gops']:.0f} | {row['peer_gops']:.0f} "
          f"| {row['ratio']:.2f} ({row['ratio_low']:.2f}–{row['ratio_high']:.2f}) | {100 * row['of_peak']:.0f} % "
          f"| {row['read_gb_per_s']:.0f} | {100 * row['of_bound']:.0f} % |", flush=True)


def print_saturation(rows):
    """Says that the peer's results are wrong here, where they are."""
    wrong = [row for row in rows if row["peer_wrong"]]
    if not wrong:
        return
    share, error = (max(row[key] for row in wrong) for key in ("peer_wrong", "peer_error"))
    print(f"\nCTranslate2's product saturates on this processor: up to {100 * share:.0f} % of its results with these weights are wrong, by up to "
          f"{100 * error:.0f} % of the results' standard deviation (root mean square); with weights of at most {UNSATURABLE} it is exact. "
          "Shoal's is exact with all.")


def print_fp32(row):
    peers = ", ".join(f"{name} {value:.0f}" for name, value in row["peers_gflops"].items())
    print(f"| {row['kind']} | {row['m']:,} × {row['n']:,} × {row['k']:,} | {row['gflops']:.0f} | {peers} "
          f"| {row['ratio']:.2f} ({row['ratio_low']:.2f}–{row['ratio_high']:.2f}) | {100 * row['of_peak']:.0f} % |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--bits", type=int, choices=[7, 8], default=8, help="of our quantised weights (default: 8)")
    parser.add_argument("--kernels", type=Path, default=ROOT / "Sources/CKernels")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    parser.add_argument("--machine", type=int, metavar="BYTES")
    arguments = parser.parse_args()
    if platform.machine() != "x86_64":
        sys.exit("the peaks are written for x86-64")
    ours = build(arguments.kernels)
    machine = Machine(ours)
    if arguments.machine:
        buffer = aligned((arguments.machine + 255) // 256 * 256)
        return print(json.dumps({
            "gflops": median(machine.fma() for _ in range(9)), "gops": median(machine.dot() for _ in range(9)),
            "read_gb_per_s": median(machine.read(buffer) for _ in range(9))}))
    peer = Peer()

    def show(printer):
        return (lambda row: print(json.dumps(row, ensure_ascii=False), flush=True)) if arguments.json else printer

    if not arguments.json:
        print(f"{machine.describe()}\n{peer.describe()}\npeaks of one thread: {median(machine.fma() for _ in range(9)):.0f} GFLOP/s by fused multiply-add, "
              f"{median(machine.dot() for _ in range(9)):.0f} GOP/s by 8-bit dot products; {arguments.rounds} rounds\n\n"
              f"int{arguments.bits}, one thread, K {K}\n\n| M | N | GOP/s | CTranslate2 | ratio (range) | of peak | GB/s read | of bound |\n"
              "| --- | --- | --- | --- | --- | --- | --- | --- |")
    rows = []
    for m, n in INT8_SHAPES:
        rows.append(measure_int8(ours, machine, peer, m, n, arguments.rounds, arguments.bits))
        show(print_int8)(rows[-1])
    if not arguments.json:
        print_saturation(rows)
    try:
        import torch
        torch.set_num_threads(FP32_THREADS)
    except ImportError:
        torch = None
    if not arguments.json:
        print(f"\nfp32, {FP32_THREADS} threads\n\n| product | M × N × K | GFLOP/s | others | ratio to the better (range) | of peak |\n"
              "| --- | --- | --- | --- | --- | --- |")
    for shape in FP32_SHAPES:
        show(print_fp32)(measure_fp32(ours, machine, torch, *shape, arguments.rounds))


main()
