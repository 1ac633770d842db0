"""A checkpoint directory: configuration, weights, ids of a text and the text of ids."""

import json
import pathlib
import re

import sentencepiece
import torch
from safetensors.torch import load_file

# Values of config.json that describe another network than the one in network.py.
REFUSED = {
    "normalize_before": True,
    "normalize_embedding": True,
    "add_final_layer_norm": True,
    "static_position_embeddings": False,
}
LANGUAGE_CODE = re.compile(r">>.+?<<", re.DOTALL)


def read_json(path, default=None):
    if default is not None and not path.exists():
        return default
    return json.loads(path.read_text(encoding="utf-8"))


class Checkpoint:
    def __init__(self, directory):
        directory = pathlib.Path(directory)
        self.config = read_json(directory / "config.json")
        for key, value in REFUSED.items():
            if self.config.get(key) == value:
                raise SystemExit(f"{directory}/config.json: {key} {value} is not supported")
        self.exits = read_json(directory / "exits.json", {"policies": {}})
        self.weights = load_file(directory / "model.safetensors")
        if (directory / "exits.safetensors").exists():
            self.weights |= load_file(directory / "exits.safetensors")
        self.weights = {name: value.float() for name, value in self.weights.items()}

        self.layers = self.config["decoder_layers"]
        self.eos, self.pad = self.config["eos_token_id"], self.config["pad_token_id"]
        self.banned = self._banned(directory)
        self._read_vocabularies(directory)

    def _banned(self, directory):
        """Pad, and the ids that bad_words_ids bans alone, from either file."""
        ids = {self.pad}
        for settings in [self.config, read_json(directory / "generation_config.json", {})]:
            ids |= {word[0] for word in settings.get("bad_words_ids") or [] if len(word) == 1}
        return sorted(ids)

    def _read_vocabularies(self, directory):
        source = read_json(directory / "vocab.json")
        tokenizer = read_json(directory / "tokenizer_config.json", {})
        separate = tokenizer.get("separate_vocabs", False)
        target = read_json(directory / "target_vocab.json") if separate else source
        self.source_ids = source
        self.target_pieces = {index: piece for piece, index in target.items()}
        self.source_model, self.target_model = (
            sentencepiece.SentencePieceProcessor(model_file=str(directory / f"{side}.spm"))
            for side in ["source", "target"])

    def ids(self, text):
        """Source ids, end of sentence included."""
        code = LANGUAGE_CODE.match(text)
        pieces = [code[0]] if code else []
        pieces += self.source_model.encode(text[code.end():] if code else text, out_type=str)
        unknown = self.source_ids["<unk>"]
        ids = [self.source_ids.get(piece, unknown) for piece in pieces] + [self.eos]
        if len(ids) > self.config["max_position_embeddings"]:
            raise SystemExit(f"a text of {len(ids)} tokens is over max_position_embeddings")
        return ids

    def text(self, ids):
        pieces = [
            self.target_pieces.get(i, "<unk>") for i in ids if i not in (self.eos, self.pad)]
        return self.target_model.decode_pieces(pieces)

    def length_limit(self, source_length):
        """Target tokens at most, end of sentence included."""
        return min(self.config["max_position_embeddings"] - 1, 2 * source_length + 10)

    def embedding(self, side):
        own = self.weights.get(f"model.{side}.embed_tokens.weight")
        return self.weights["model.shared.weight"] if own is None else own

    def classifier(self, n):
        """Weight [V, d] and bias [V] of exit n, from 1."""
        if f"exits.classifiers.{n - 1}.weight" in self.weights:
            return self.linear(f"exits.classifiers.{n - 1}")
        projection = self.weights.get("lm_head.weight")
        if projection is None:
            projection = self.embedding("decoder")
        bias = self.weights.get("final_logits_bias", torch.zeros(1, len(projection)))
        return projection, bias[0]

    def linear(self, name):
        """Weight and bias of a linear map, or of a layer normalisation."""
        if f"{name}.weight" not in self.weights:
            raise SystemExit(f"the checkpoint has no tensor {name}.weight")
        return self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
