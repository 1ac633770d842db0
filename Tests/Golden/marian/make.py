"""Write the models and outputs of this folder anew, with NumPy and SentencePiece alone: python3 Tests/Golden/marian/make.py

Each folder has random weights of the tests' size in a format of Marian, and outputs.json with what a decoder written here in double precision gives: greedy and with a
beam at each exit, and with tokens that leave at the first layer whose best id has a threshold's probability. Equations: Junczys-Dowmunt et al. 2018 (transformer),
Kim et al. 2019 (SSRU); search: method.md, section 3."""
import io
import json
import math
import os
import random
import struct
import sys

try:
    import numpy as np
    import sentencepiece
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is needed: pip install numpy sentencepiece")

here = os.path.dirname(os.path.abspath(__file__))
WIDTH, INNER, HEADS, LAYERS = 16, 24, 4, (2, 3)


def spm(folder, name, size, seed):
    """A SentencePiece model as Marian trains it: </s> is 0, <unk> 1, nothing else is special."""
    draw = random.Random(seed)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    lines = [" ".join("".join(draw.choices(syllables, k=draw.randint(1, 3))) for _ in range(draw.randint(3, 9))) for _ in range(400)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=size, bos_id=-1, eos_id=0, unk_id=1, pad_id=-1, normalization_rule_name="identity",
        minloglevel=2, num_threads=1)
    with open(f"{folder}/{name}", "wb") as file:
        file.write(model.getvalue())
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def parameters(options, rng):
    """Weights under Marian's names, maps as [in, out]."""
    found = {}

    def draw(name, *shape, scale=0.35):
        found[name] = rng.normal(0, scale, shape).astype(np.float32)

    def norm(name):
        found[name[0] + "_ln_scale" + name[1]] = rng.uniform(0.7, 1.3, (1, WIDTH)).astype(np.float32)
        draw(name[0] + "_ln_bias" + name[1], 1, WIDTH, scale=0.1)

    pre = "n" in options["transformer-preprocess"]
    suffix = "_pre" if pre else ""
    source, target = options["dim-vocabs"]
    if options["tied-embeddings-all"]:
        draw("Wemb", target, WIDTH)
    else:
        draw("encoder_Wemb", source, WIDTH)
        draw("decoder_Wemb", target, WIDTH)
        draw("decoder_ff_logit_out_W", WIDTH, target)
    draw("decoder_ff_logit_out_b", 1, target, scale=0.5)
    if options["transformer-train-positions"]:
        draw("Wpos", 64, WIDTH)
    for stack, layers in (("encoder", LAYERS[0]), ("decoder", LAYERS[1])):
        if "n" in options["transformer-postprocess-emb"]:
            norm((stack + "_emb", "_pre"))
        if "n" in options["transformer-postprocess-top"]:
            norm((stack + "_top", ""))
        for layer in range(1, layers + 1):
            prefix = f"{stack}_l{layer}"
            blocks = ["self"] if stack == "encoder" else ["self", "context"]
            for block in blocks:
                if block == "self" and stack == "decoder" and options["transformer-decoder-autoreg"] == "rnn":
                    draw(prefix + "_rnn_W", WIDTH, WIDTH)
                    draw(prefix + "_rnn_Wf", WIDTH, WIDTH)
                    draw(prefix + "_rnn_bf", 1, WIDTH, scale=0.5)
                    norm((prefix + ("_rnn" if pre else "_rnn_ffn"), suffix))
                    continue
                for letter in "qkvo":
                    draw(f"{prefix}_{block}_W{letter}", WIDTH, WIDTH)
                    draw(f"{prefix}_{block}_b{letter}", 1, WIDTH, scale=0.1)
                norm((f"{prefix}_{block}_Wo", suffix))
            draw(prefix + "_ffn_W1", WIDTH, INNER)
            draw(prefix + "_ffn_b1", 1, INNER, scale=0.1)
            draw(prefix + "_ffn_W2", INNER, WIDTH)
            draw(prefix + "_ffn_b2", 1, WIDTH, scale=0.1)
            norm((prefix + "_ffn_ffn", suffix))
    return found


class Network:
    def __init__(self, options, weights):
        self.o = options
        self.w = {name: np.float64(value) for name, value in weights.items()}
        self.pre = "n" in options["transformer-preprocess"]
        steps = WIDTH // 2
        angles = np.arange(64)[:, None] * np.exp(-math.log(10000) / (steps - 1) * np.arange(steps))[None]
        self.positions = self.w.get("Wpos", np.concatenate([np.sin(angles), np.cos(angles)], 1))
        self.scale = 1 if options["transformer-train-positions"] else math.sqrt(WIDTH)
        self.source = self.w["Wemb"] if "Wemb" in self.w else self.w["encoder_Wemb"]
        self.target = self.w["Wemb"] if "Wemb" in self.w else self.w["decoder_Wemb"]
        self.out = self.w["Wemb"].T if "Wemb" in self.w else self.w["decoder_ff_logit_out_W"]

    def norm(self, x, name, suffix=""):
        if f"{name}_ln_scale{suffix}" not in self.w:
            return x
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6) * self.w[f"{name}_ln_scale{suffix}"][0] + self.w[f"{name}_ln_bias{suffix}"][0]

    def activation(self, x):
        kind = self.o["transformer-ffn-activation"]
        return np.maximum(x, 0) if kind == "relu" else x / (1 + np.exp(-x * (1.702 if kind == "gelu" else 1)))

    def block(self, x, name, function):
        if self.pre:
            return x + function(self.norm(x, name, "_pre"))
        return self.norm(x + function(x), name)

    def attention(self, prefix, queries, memory, mask=None):
        def heads(x, letter):
            return (x @ self.w[f"{prefix}_W{letter}"] + self.w[f"{prefix}_b{letter}"][0]).reshape(len(x), HEADS, -1).transpose(1, 0, 2)

        q, k, v = heads(queries, "q"), heads(memory, "k"), heads(memory, "v")
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(WIDTH / HEADS)
        if mask is not None:
            scores = scores + mask
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        joined = (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(queries), -1)
        return joined @ self.w[prefix + "_Wo"] + self.w[prefix + "_bo"][0]

    def feed_forward(self, prefix, x):
        return self.activation(x @ self.w[prefix + "_ffn_W1"] + self.w[prefix + "_ffn_b1"][0]) @ self.w[prefix + "_ffn_W2"] + self.w[prefix + "_ffn_b2"][0]

    def encode(self, ids):
        x = self.norm(self.source[ids] * self.scale + self.positions[: len(ids)], "encoder_emb", "_pre")
        for layer in range(1, LAYERS[0] + 1):
            prefix = f"encoder_l{layer}"
            x = self.block(x, prefix + "_self_Wo", lambda y: self.attention(prefix + "_self", y, y))
            x = self.block(x, prefix + "_ffn_ffn", lambda y: self.feed_forward(prefix, y))
        return self.norm(x, "encoder_top")

    def recurrence(self, prefix, y):
        cell, cells = np.zeros(WIDTH), []
        for row in y:
            forget = 1 / (1 + np.exp(-(row @ self.w[prefix + "_rnn_Wf"] + self.w[prefix + "_rnn_bf"][0])))
            cell = forget * cell + (1 - forget) * (row @ self.w[prefix + "_rnn_W"])
            cells.append(np.maximum(cell, 0))
        return np.array(cells)

    def log_probabilities(self, state):
        logits = self.norm(state, "decoder_top") @ self.out + self.w["decoder_ff_logit_out_b"][0]
        logits[1] = -np.inf  # Marian gives no <unk> unless it is asked to.
        return logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())

    def layers(self, memory, tokens, exits):
        """The states of the last position after each layer; a state that left is what stands for it above."""
        embedded = np.concatenate([np.zeros((1, WIDTH)), self.target[tokens].reshape(-1, WIDTH) * self.scale]) + self.positions[: len(tokens) + 1]
        x = self.norm(embedded, "decoder_emb", "_pre")
        mask = np.triu(np.full((len(x), len(x)), -np.inf), 1)
        for layer in range(1, LAYERS[1] + 1):
            prefix = f"decoder_l{layer}"
            if self.o["transformer-decoder-autoreg"] == "rnn":
                above = self.block(x, prefix + ("_rnn" if self.pre else "_rnn_ffn"), lambda y: self.recurrence(prefix, y))
            else:
                above = self.block(x, prefix + "_self_Wo", lambda y: self.attention(prefix + "_self", y, y, mask))
            above = self.block(above, prefix + "_context_Wo", lambda y: self.attention(prefix + "_context", y, memory))
            above = self.block(above, prefix + "_ffn_ffn", lambda y: self.feed_forward(prefix, y))
            stays = np.array([exit >= layer for exit in exits] + [True])
            x = np.where(stays[:, None], above, x)
            yield layer, x[-1]

    def greedy(self, source, leaves):
        memory, tokens, exits, total = self.encode(source), [], [], 0.0
        while len(tokens) < 2 * len(source) + 10 and (not tokens or tokens[-1] != 0):
            for layer, state in self.layers(memory, tokens, exits):
                found = self.log_probabilities(state)
                if leaves(layer, math.exp(found.max())):
                    break
            tokens.append(int(found.argmax()))
            exits.append(layer)
            total += found.max()
        return {"source": source, "tokens": tokens, "exits": exits, "score": total / len(tokens)}

    def beam(self, source, exit, size):
        memory, live, done = self.encode(source), [(0.0, [])], []
        for length in range(1, 2 * len(source) + 11):
            candidates = []
            for total, tokens in live:
                for layer, state in self.layers(memory, tokens, [exit] * len(tokens)):
                    if layer == exit:
                        break
                found = self.log_probabilities(state)
                candidates += [(total + found[id], tokens + [id]) for id in np.argsort(-found, kind="stable")[: 2 * size].tolist()]
            candidates.sort(key=lambda candidate: -candidate[0])
            live = []
            for rank, (total, tokens) in enumerate(candidates[: 2 * size]):
                if tokens[-1] != 0:
                    live.append((total, tokens))
                elif rank < size:
                    done.append((total / length, tokens))
                if len(live) == size:
                    break
            done = sorted(done, key=lambda hypothesis: -hypothesis[0])[:size]
            if len(done) == size and done[-1][0] >= live[0][0] / length:
                break
        else:
            done = sorted(done + [(total / length, tokens) for total, tokens in live], key=lambda hypothesis: -hypothesis[0])
        return {"source": source, "tokens": done[0][1], "score": done[0][0]}


def quantised(name, value):
    """As intgemm does: one multiplier for the whole tensor."""
    multiplier = np.float32(127 / np.abs(value).max())
    return np.clip(np.rint(value * multiplier), -127, 127).astype(np.int8), multiplier


def write_bin(path, options, weights):
    """Marian's binary format, version 1, maps quantised. Returns the values that the file stands for."""
    items, values = [], {}
    for name, value in sorted(weights.items()):
        if min(value.shape) > 1:
            integers, multiplier = quantised(name, value)
            values[name] = integers.astype(np.float32) / multiplier
            stored = integers if name == "Wemb" else integers.T
            items.append((name, 0x4101, value.shape, stored.tobytes() + struct.pack("<f", multiplier) + bytes(252)))
        else:
            values[name] = value
            items.append((name, 0x404, value.shape, value.tobytes()))
    yml = yaml(options).encode() + b"\0"
    items.append(("special:model.yml", 0x101, (len(yml),), yml))
    with open(path, "wb") as file:
        file.write(struct.pack("<QQ", 1, len(items)))
        for name, kind, shape, data in items:
            file.write(struct.pack("<QQQQ", len(name) + 1, kind, len(shape), len(data)))
        for name, *_ in items:
            file.write(name.encode() + b"\0")
        for _, _, shape, _ in items:
            file.write(struct.pack(f"<{len(shape)}i", *shape))
        gap = -(file.tell() + 8) % 256
        file.write(struct.pack("<Q", gap) + bytes(gap))
        for *_, data in items:
            file.write(data)
    return values


def write_npz(path, options, weights):
    yml = np.frombuffer(yaml(options).encode() + b"\0", np.int8)
    np.savez(path, **weights, **{"special:model.yml": yml})
    return weights


def yaml(options):
    def text(value):
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list):
            return "\n" + "\n".join(f"  - {item}" for item in value)
        return f'"{value}"' if value == "" else f" {value}".strip()

    return "".join(f"{key}: {text(value)}\n" for key, value in options.items()) + "version: v1.9.0 test\n"


def make(folder, options, write, file, vocabularies):
    folder = f"{here}/{folder}"
    os.makedirs(folder, exist_ok=True)
    models, number = vocabularies(folder)
    base = {
        "type": "transformer", "dim-emb": WIDTH, "dim-vocabs": [len(model) for model in models], "enc-depth": LAYERS[0], "dec-depth": LAYERS[1], "transformer-heads": HEADS,
        "transformer-dim-ffn": INNER, "transformer-ffn-depth": 2, "transformer-ffn-activation": "relu", "transformer-preprocess": "", "transformer-postprocess": "dan",
        "transformer-postprocess-emb": "d", "transformer-postprocess-top": "", "transformer-train-positions": False, "transformer-decoder-autoreg": "self-attention",
        "dec-cell": "gru", "tied-embeddings-all": True, "tied-embeddings": False, "tied-embeddings-src": False, "transformer-tied-layers": [], "lemma-dim-emb": 0}
    base |= options
    if not base["transformer-tied-layers"]:
        del base["transformer-tied-layers"]
    draw = random.Random(7)
    for seed in range(1000):
        weights = parameters(base, np.random.default_rng(seed))
        values = write(f"{folder}/{file}", base, weights)
        network = Network(base, values)
        sources = [[draw.randrange(2, base["dim-vocabs"][0]) for _ in range(length)] + [0] for length in (1, 4, 7, 12, 19, 3)]
        full = [network.greedy(source, lambda layer, _: layer == LAYERS[1]) for source in sources]
        confidence = []
        for threshold in (0.15, 0.25, 0.35):
            outputs = [network.greedy(source, lambda layer, p: layer == LAYERS[1] or p >= threshold) for source in sources]
            confidence.append({"threshold": threshold, "outputs": [{key: output[key] for key in ("source", "tokens", "exits")} for output in outputs]})
        exits = {exit for case in confidence for output in case["outputs"] for exit in output["exits"]}
        if sum(output["tokens"][-1] == 0 and len(output["tokens"]) > 3 for output in full) >= 2 and exits == {1, 2, 3}:
            break
    fixed = []
    for exit in range(1, LAYERS[1] + 1):
        fixed.append(greedy(network, sources, exit))
        fixed.append({"exit": exit, "beam": 4, "outputs": [network.beam(source, exit, 4) for source in sources]})
    texts = [model.decode([draw.randrange(2, len(model)) for _ in range(6)]) for model in models[:1]]
    with open(f"{folder}/outputs.json", "w") as out:
        json.dump({"fixed": fixed, "confidence": confidence, "texts": [{"text": text, "ids": [number(id) for id in models[0].encode(text)] + [0]} for text in texts]}, out)
        out.write("\n")
    print(folder, "seed", seed)


def greedy(network, sources, exit):
    outputs = [network.greedy(source, lambda layer, _: layer == exit) for source in sources]
    return {"exit": exit, "beam": 1, "outputs": [{key: output[key] for key in ("source", "tokens", "score")} for output in outputs]}


def with_gelu(folder, file):
    """The same weights with Marian's gelu, x sigmoid(1.702 x): what they give for the sentences of outputs.json is in gelu.json."""
    arrays = dict(np.load(f"{here}/{folder}/{file}"))
    text = bytes(arrays.pop("special:model.yml").astype(np.uint8)).rstrip(b"\0").decode()
    sources = [output["source"] for output in json.load(open(f"{here}/{folder}/outputs.json"))["fixed"][0]["outputs"]]
    network = Network(options_of(text) | {"transformer-ffn-activation": "gelu"}, arrays)
    with open(f"{here}/{folder}/gelu.json", "w") as out:
        json.dump({"fixed": [greedy(network, sources, exit) for exit in range(1, LAYERS[1] + 1)], "confidence": []}, out)
        out.write("\n")


def options_of(text):
    """What `settings` writes, as far as networks ask for it."""
    def value(text):
        if text in ("true", "false"):
            return text == "true"
        return int(text) if text.lstrip("-").isdigit() else text.strip('"')

    pairs = [line.split(":", 1) for line in text.splitlines() if line and line[0] not in " -"]
    return {key: value(rest.strip()) for key, rest in pairs}


def one(folder):
    return [spm(folder, "vocab.aabb.spm", 60, 1)] * 2, lambda id: id


def two(folder):
    return [spm(folder, "srcvocab.spm", 56, 2), spm(folder, "trgvocab.spm", 64, 3)], lambda id: id


def listed(folder):
    """As OPUS-MT has it: the models segment, a list numbers, here in another order."""
    models = [spm(folder, "source.spm", 60, 4), spm(folder, "target.spm", 60, 4)]
    pieces = [models[0].id_to_piece(id) for id in range(60)]
    pieces[2:] = pieces[:1:-1]
    with open(f"{folder}/opus.spm.vocab.yml", "w") as file:
        file.writelines(f"{json.dumps(piece, ensure_ascii=False)}: {id}\n" for id, piece in enumerate(pieces))
    return models, lambda id: id if id < 2 else 61 - id


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit("usage: python3 Tests/Golden/marian/make.py")
    make("ssru", {"transformer-decoder-autoreg": "rnn", "dec-cell": "ssru"}, write_bin, "model.aabb.intgemm.alphas.bin", one)
    make("opus", {"transformer-ffn-activation": "swish"}, write_npz, "opus.npz", listed)
    with_gelu("opus", "opus.npz")
    make(
        "before", {
            "transformer-preprocess": "n", "transformer-postprocess": "da", "transformer-postprocess-top": "n", "transformer-postprocess-emb": "nd",
            "transformer-train-positions": True, "transformer-decoder-autoreg": "rnn", "dec-cell": "ssru", "tied-embeddings-all": False}, write_npz,
        "model.npz.best-bleu.npz", two)
