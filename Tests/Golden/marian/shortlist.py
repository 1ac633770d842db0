"""Write the shortlists and outputs of shortlists/ anew, with NumPy and the decoder of make.py: python3 Tests/Golden/marian/shortlist.py

For the models ssru (one vocabulary) and before (two) a random shortlist in Marian's binary format, NAME.bin, and NAME.json: for each source the candidates that Marian's
rule gives it alone, and what a decoder in double precision makes of the model when it knows no other ids, greedy and with a beam at each exit, and with tokens that leave
where the best candidate has a threshold's probability among the candidates."""
import json
import math
import os
import random
import struct

import make
import numpy as np

MASK = (1 << 64) - 1


def read_bin(path):
    """Marian's binary format, version 1: names, values as they stand for, and the options."""
    data = open(path, "rb").read()
    count = struct.unpack_from("<Q", data, 8)[0]
    headers = [struct.unpack_from("<QQQQ", data, 16 + 32 * index) for index in range(count)]
    place, names, shapes = 16 + 32 * count, [], []
    for length, *_ in headers:
        names.append(data[place : place + length - 1].decode())
        place += length
    for _, _, dimensions, _ in headers:
        shapes.append(struct.unpack_from(f"<{dimensions}i", data, place))
        place += 4 * dimensions
    place += 8 + struct.unpack_from("<Q", data, place)[0]
    weights, options = {}, ""
    for name, shape, (_, kind, _, size) in zip(names, shapes, headers):
        value = data[place : place + size]
        place += size
        if name == "special:model.yml":
            options = value.rstrip(b"\0").decode()
        elif kind == 0x4101:
            number = math.prod(shape)
            integers = np.frombuffer(value[:number], np.int8).astype(np.float32) / struct.unpack_from("<f", value, number)[0]
            weights[name] = integers.reshape(shape) if name == "Wemb" else integers.reshape(shape[::-1]).T
        else:
            weights[name] = np.frombuffer(value, np.float32).reshape(shape)
    return weights, options


def read(folder, file):
    if file.endswith(".bin"):
        return read_bin(f"{make.here}/{folder}/{file}")
    arrays = dict(np.load(f"{make.here}/{folder}/{file}"))
    return arrays, arrays.pop("special:model.yml").tobytes().rstrip(b"\0").decode()


def options(text):
    found = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        value = value.strip().strip('"')
        found[key] = value == "true" if value in ("true", "false") else value
    return found


def binary(first, best, lists):
    offsets, ids = [0], []
    for own in lists:
        ids += own
        offsets.append(len(ids))
    body = struct.pack("<QQQQ", first, best, len(offsets), len(ids)) + struct.pack(f"<{len(offsets)}Q", *offsets) + struct.pack(f"<{len(ids)}I", *ids)
    sum = 0
    for (word,) in struct.iter_unpack("<Q", body[: len(body) // 8 * 8]):
        sum ^= (word + 0x9E3779B9 + (sum << 6) + (sum >> 2)) & MASK
    return struct.pack("<QQ", 0xF11A48D5013417F5, sum) + body


def candidates(first, lists, source, size, shared):
    chosen = set(range(first)) | {0}
    for id in source:
        chosen |= set(lists[id]) | ({id} if shared else set())
    following = first
    while len(chosen) % 8 and following < size:
        chosen.add(following)
        following += 1
    return sorted(chosen)


class Listed(make.Network):
    """A network that knows some ids alone."""

    ids = []

    def log_probabilities(self, state):
        logits = self.norm(state, "decoder_top") @ self.out + self.w["decoder_ff_logit_out_b"][0]
        some = np.full_like(logits, -np.inf)
        some[self.ids] = logits[self.ids]
        some[1] = -np.inf
        return some - some.max() - np.log(np.exp(some - some.max()).sum())


def write(folder, file, sizes, shared, first, best, seed):
    draw = random.Random(seed)
    lists = [sorted(draw.sample(range(sizes[1]), draw.randint(0, best))) for _ in range(sizes[0])]
    with open(f"{make.here}/shortlists/{folder}.bin", "wb") as out:
        out.write(binary(first, best, lists))
    weights, text = read(folder, file)
    network = Listed(options(text), weights)
    sources = [[draw.randrange(2, sizes[0]) for _ in range(length)] + [0] for length in (1, 2, 3, 5, 8, 12)]
    cases = []

    def add(source, **case):
        cases.append({"source": source, "candidates": network.ids} | case)

    for source in sources:
        network.ids = candidates(first, lists, source, sizes[1], shared)
        for exit in range(1, make.LAYERS[1] + 1):
            add(source, exit=exit, beam=1, tokens=network.greedy(source, lambda layer, _: layer == exit)["tokens"])
            add(source, exit=exit, beam=4, tokens=network.beam(source, exit, 4)["tokens"])
        for threshold in (0.2, 0.35):
            found = network.greedy(source, lambda layer, p: layer == make.LAYERS[1] or p >= threshold)
            add(source, threshold=threshold, tokens=found["tokens"], exits=found["exits"])
    with open(f"{make.here}/shortlists/{folder}.json", "w") as out:
        json.dump({"first": first, "best": best, "cases": cases}, out)
        out.write("\n")


if __name__ == "__main__":
    os.makedirs(f"{make.here}/shortlists", exist_ok=True)
    write("ssru", "model.aabb.intgemm.alphas.bin", (60, 60), True, 10, 3, 11)
    write("before", "model.npz.best-bleu.npz", (56, 64), False, 12, 4, 12)
