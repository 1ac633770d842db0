"""Write the models and outputs of this folder anew, with CTranslate2 4, NumPy and SentencePiece: python3 Tests/Golden/ctranslate2/make.py

`float32`, `float16`, `int16` and `int8` are one network of Marian's kind as CTranslate2's own converter writes it, `argos` is a package of Argos Translate with a network of
OpenNMT-py's kind: normalisation before blocks, no biases in attention, positions from 1, nothing behind a source. Weights are random and of the tests' size.
outputs.json has what CTranslate2 gives in fp32, greedy and with a beam; for exits, a network that ends after as many layers."""
import importlib.util
import json
import os
import random
import shutil
import tempfile
import zipfile

import ctranslate2
import numpy as np
import sentencepiece
from ctranslate2.converters import MarianConverter
from ctranslate2.specs import TransformerSpec

here = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("marian", f"{here}/../marian/make.py")
marian = importlib.util.module_from_spec(spec)
spec.loader.exec_module(marian)

OPTIONS = {
    "type": "transformer", "dim-emb": 16, "enc-depth": 2, "transformer-heads": 4, "transformer-dim-ffn": 24, "transformer-ffn-depth": 2,
    "transformer-ffn-activation": "swish", "transformer-preprocess": "", "transformer-postprocess": "dan", "transformer-postprocess-emb": "d",
    "transformer-postprocess-top": "", "transformer-train-positions": False, "transformer-decoder-autoreg": "self-attention", "transformer-no-projection": False,
    "transformer-guided-alignment-layer": "last", "tied-embeddings-all": True, "tied-embeddings": False, "tied-embeddings-src": False}


def convert(folder, weights, depth, precision):
    """A network that ends after `depth` layers of the decoder."""
    with tempfile.TemporaryDirectory() as work:
        vocabulary = [f"{here}/pieces.yml"] * 2
        marian.write_npz(f"{work}/model.npz", OPTIONS | {"dec-depth": depth, "dim-vocabs": [60, 60]}, weights)
        MarianConverter(f"{work}/model.npz", vocabulary).convert(folder, quantization=None if precision == "float32" else precision, force=True)


def translate(folder, pieces, sources, beam, suffix):
    translator = ctranslate2.Translator(folder, compute_type="float32", inter_threads=1, intra_threads=1)
    found = []
    for source in sources:
        result = translator.translate_batch(
            [[pieces[id] for id in source]], beam_size=beam, length_penalty=1, min_decoding_length=0, max_decoding_length=2 * (len(source) + len(suffix)) + 10, return_scores=True,
            return_end_token=True)[0]
        found.append({"source": source + suffix, "tokens": [pieces.index(piece) for piece in result.hypotheses[0]], "score": result.scores[0]})
    return found


def cases(convert, pieces, sources, suffix):
    found = []
    for depth in (1, 2, 3):
        with tempfile.TemporaryDirectory() as work:
            convert(f"{work}/m", depth)
            for beam in (1, 4):
                found.append({"exit": depth, "beam": beam, "outputs": translate(f"{work}/m", pieces, sources, beam, suffix)})
    return found


def write(name, fixed):
    with open(f"{here}/{name}/outputs.json", "w") as file:
        json.dump({"fixed": fixed, "confidence": []}, file)
        file.write("\n")


def ended(outputs, end):
    return sum(output["tokens"][-1] == end and len(output["tokens"]) > 3 for output in outputs)


def converted():
    model = marian.spm(here, "source.spm", 60, 4)
    pieces = [model.id_to_piece(id) for id in range(60)]
    with open(f"{here}/pieces.yml", "w") as file:
        file.writelines(f"{json.dumps(piece, ensure_ascii=False)}: {id}\n" for id, piece in enumerate(pieces))
    draw = random.Random(7)
    sources = [[draw.randrange(2, 60) for _ in range(length)] for length in (1, 4, 7, 12, 19, 3)]
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        weights = marian.parameters(OPTIONS | {"dim-vocabs": [60, 60]}, rng)
        weights["Wemb"][0] *= 1.5
        with tempfile.TemporaryDirectory() as work:
            convert(f"{work}/m", weights, 3, "float32")
            if ended(translate(f"{work}/m", pieces, sources, 1, [0]), 0) >= 2:
                break
    for precision in ("float32", "float16", "int16", "int8"):
        folder = f"{here}/{precision}"
        convert(folder, weights, 3, precision)
        for name in ("source.spm", "target.spm"):
            shutil.copy(f"{here}/source.spm", f"{folder}/{name}")
        write(precision, cases(lambda path, depth: convert(path, weights, depth, precision), pieces, sources, [0]))
        print(precision, "seed", seed)
    os.remove(f"{here}/pieces.yml")
    os.remove(f"{here}/source.spm")


def argos():
    folder = f"{here}/argos"
    os.makedirs(folder, exist_ok=True)
    draw = random.Random(3)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    lines = [" ".join("".join(draw.choices(syllables, k=draw.randint(1, 3))) for _ in range(draw.randint(3, 9))) for _ in range(400)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=f"{folder}/sentencepiece", vocab_size=60, normalization_rule_name="identity", minloglevel=2, num_threads=1)
    os.remove(f"{folder}/sentencepiece.vocab")
    model = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/sentencepiece.model")
    pieces = ["<blank>", "<unk>", "<s>", "</s>"] + [model.id_to_piece(id) for id in range(3, 60)]
    with open(f"{folder}/metadata.json", "w") as file:
        json.dump({"package_version": "1.0", "argos_version": "1.5", "from_code": "de", "to_code": "en", "from_name": "German", "to_name": "English"}, file)
        file.write("\n")
    sources = [[draw.randrange(4, 61) for _ in range(length)] for length in (1, 4, 7, 12, 19, 3)]

    def build(path, depth):
        rng = np.random.default_rng(build.seed)
        spec = TransformerSpec.from_config((2, 3), 4, pre_norm=True)

        def fill(layer, outputs=16, inputs=16, bias=False):
            layer.weight = rng.normal(0, 0.35, (outputs, inputs)).astype(np.float32)
            if bias:
                layer.bias = rng.normal(0, 0.1, outputs).astype(np.float32)

        def norm(layer):
            layer.gamma = rng.uniform(0.7, 1.3, 16).astype(np.float32)
            layer.beta = rng.normal(0, 0.1, 16).astype(np.float32)

        for stack in (spec.encoder, spec.decoder):
            norm(stack.layer_norm)
            for layer in stack.layer:
                fill(layer.self_attention.linear[0], 48)
                fill(layer.self_attention.linear[1])
                norm(layer.self_attention.layer_norm)
                if stack is spec.decoder:
                    fill(layer.attention.linear[0])
                    fill(layer.attention.linear[1], 32)
                    fill(layer.attention.linear[2])
                    norm(layer.attention.layer_norm)
                fill(layer.ffn.linear_0, 24, 16, True)
                fill(layer.ffn.linear_1, 16, 24, True)
                norm(layer.ffn.layer_norm)
        fill(spec.encoder.embeddings[0], 61)
        fill(spec.decoder.embeddings, 61)
        fill(spec.decoder.projection, 61, 16, True)
        spec.decoder.projection.bias[3] += build.end
        spec.decoder.layer = spec.decoder.layer[:depth]
        spec.register_source_vocabulary(pieces)
        spec.register_target_vocabulary(pieces)
        spec.config.add_source_eos = False
        spec.config.decoder_start_token = "<s>"
        spec.validate()
        spec.optimize(quantization="int8" if build.quantised else None)
        os.makedirs(path, exist_ok=True)
        spec.save(path)

    build.quantised, build.end = False, 1.5
    for build.seed in range(1000):
        with tempfile.TemporaryDirectory() as work:
            build(f"{work}/m", 3)
            if ended(translate(f"{work}/m", pieces, sources, 1, []), 3) >= 2:
                break
    build.quantised = True
    build(f"{folder}/model", 3)
    write("argos", cases(build, pieces, sources, []))
    with zipfile.ZipFile(f"{here}/translate-de_en.argosmodel", "w", zipfile.ZIP_DEFLATED) as package:
        for name in ("metadata.json", "sentencepiece.model", *(f"model/{file}" for file in sorted(os.listdir(f"{folder}/model")))):
            with open(f"{folder}/{name}", "rb") as file:
                package.writestr(zipfile.ZipInfo(f"translate-de_en-1_0/{name}", (2020, 1, 1, 0, 0, 0)), file.read(), zipfile.ZIP_DEFLATED)
    print("argos seed", build.seed)


converted()
argos()
