"""The tiny model and its batches, drawn from fixed seeds."""

import numpy as np
import torch

from model import Network, decode, encode, log_probabilities

VOCABULARY, WIDTH, ENCODER_FFN, DECODER_FFN = 40, 16, 24, 40
NETWORK = Network()
MODEL_SEED, BATCH_SEED = 21, 3

CONFIG = {
    "architectures": ["MarianMTModel"],
    "model_type": "marian",
    "activation_function": "relu",
    "d_model": WIDTH,
    "encoder_layers": NETWORK.encoder_layers,
    "decoder_layers": NETWORK.decoder_layers,
    "encoder_attention_heads": NETWORK.encoder_heads,
    "decoder_attention_heads": NETWORK.decoder_heads,
    "encoder_ffn_dim": ENCODER_FFN,
    "decoder_ffn_dim": DECODER_FFN,
    "vocab_size": VOCABULARY,
    "decoder_vocab_size": VOCABULARY,
    "max_position_embeddings": 32,
    "scale_embedding": True,
    "share_encoder_decoder_embeddings": True,
    "tie_word_embeddings": True,
    "pad_token_id": NETWORK.pad,
    "eos_token_id": NETWORK.eos,
    "decoder_start_token_id": NETWORK.pad,
}

# Content tokens of every sentence, end of sentence not counted: (source, target).
LENGTHS = [
    [(5, 4), (12, 12), (1, 3), (7, 9)],
    [(3, 3), (4, 6), (6, 1), (9, 7), (2, 2)],
    [(11, 8), (8, 10), (10, 12)],
    [(1, 1), (6, 5), (4, 4), (12, 9)],
    [(7, 7), (5, 8), (9, 11), (3, 2), (8, 5)],
]


def parameters(dtype=torch.float64):
    """The network's and the heads' parameters. They are drawn in fp32, the precision of the files."""
    draw = np.random.default_rng(MODEL_SEED)

    def uniform(*shape):
        return draw.uniform(-0.35, 0.35, shape)

    tensors = {"model.shared.weight": uniform(VOCABULARY, WIDTH)}
    tensors["model.shared.weight"][NETWORK.pad] = 0
    tensors["final_logits_bias"] = uniform(1, VOCABULARY)

    def linear(name, outputs, inputs):
        tensors[f"{name}.weight"] = uniform(outputs, inputs)
        tensors[f"{name}.bias"] = uniform(outputs)

    def norm(name):
        tensors[f"{name}.weight"] = 1 + draw.uniform(-0.2, 0.2, WIDTH)
        tensors[f"{name}.bias"] = uniform(WIDTH)

    for stack, layers, ffn in [
        ("encoder", NETWORK.encoder_layers, ENCODER_FFN),
        ("decoder", NETWORK.decoder_layers, DECODER_FFN),
    ]:
        for i in range(layers):
            name = f"model.{stack}.layers.{i}"
            for kind in ["self_attn"] + (["encoder_attn"] if stack == "decoder" else []):
                for projection in "qkv":
                    linear(f"{name}.{kind}.{projection}_proj", WIDTH, WIDTH)
                linear(f"{name}.{kind}.out_proj", WIDTH, WIDTH)
                norm(f"{name}.{kind}_layer_norm")
            linear(f"{name}.fc1", ffn, WIDTH)
            linear(f"{name}.fc2", WIDTH, ffn)
            norm(f"{name}.final_layer_norm")

    exits = NETWORK.decoder_layers
    linear("exits.sequence", exits, WIDTH)
    linear("exits.token_multinomial", exits, WIDTH)
    linear("exits.token_geometric", exits - 1, WIDTH)
    for n in range(exits - 1):
        linear(f"exits.classifiers.{n}", VOCABULARY, WIDTH)
    tensors[f"exits.classifiers.{exits - 1}.weight"] = tensors["model.shared.weight"].copy()
    tensors[f"exits.classifiers.{exits - 1}.bias"] = tensors["final_logits_bias"][0].copy()
    return {
        name: torch.tensor(value, dtype=torch.float32).to(dtype) for name, value in tensors.items()
    }


def batches(model):
    """Five batches. About half of the target tokens are what some exit finds likeliest there, since
    a random model is otherwise never right and its correctness oracles would all be exit 1."""
    draw = np.random.default_rng(BATCH_SEED)

    def word(source, target):
        with torch.no_grad():
            states = decode(model, NETWORK, encode(model, NETWORK, source), target + [NETWORK.eos])
            n = int(draw.integers(1, NETWORK.decoder_layers + 1))
            likeliest = int(log_probabilities(model, NETWORK, states[n - 1][-1:], n).argmax())
        if draw.random() < 0.6 and likeliest != NETWORK.eos:
            return likeliest
        return int(draw.integers(1, NETWORK.pad))

    result = []
    for lengths in LENGTHS:
        batch = []
        for source_length, target_length in lengths:
            source = [int(i) for i in draw.integers(1, NETWORK.pad, source_length)]
            source.append(NETWORK.eos)
            target = []
            for _ in range(target_length):
                target.append(word(source, target))
            batch.append({"source": source, "target": target + [NETWORK.eos]})
        result.append(batch)
    return result
