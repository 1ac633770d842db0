"""The encoder, and the decoder's layers one position at a time.

All sentences of a batch have the same number of source tokens and all hypotheses the same number of
target tokens, so that nothing is ever padded or masked.
"""

import torch
import torch.nn.functional as F

ACTIVATIONS = {
    "relu": torch.relu,
    "swish": F.silu,
    "silu": F.silu,
    "gelu": lambda x: F.gelu(x, approximate="none"),
}


def positions(count, d):
    """Row p: sin(p / 10000^(2k/d)) for all k, then cos of the same. [count, d]"""
    k = torch.arange(d // 2, dtype=torch.float64)
    angles = torch.arange(count, dtype=torch.float64)[:, None] / 10000 ** (2 * k / d)
    return torch.cat([angles.sin(), angles.cos()], dim=1).float()


class Network:
    """`products` is one of those in precision.py; attention and layer normalisation are in `dtype`."""

    def __init__(self, checkpoint, products, dtype=torch.float32):
        config = checkpoint.config
        self.checkpoint, self.products, self.dtype = checkpoint, products, dtype
        self.activation = ACTIVATIONS[config["activation_function"]]
        self.scale = config["d_model"] ** 0.5 if config.get("scale_embedding") else 1.0
        self.positions = positions(config["max_position_embeddings"], config["d_model"])
        self.shared_layers = config.get("shared_layers", False)

    def layer(self, side, n):
        return f"model.{side}.layers.{0 if self.shared_layers else n - 1}"

    def linear(self, name, x):
        return self.products.linear(x, *self.checkpoint.linear(name))

    def add_and_normalise(self, name, x, update):
        weight, bias = (tensor.to(self.dtype) for tensor in self.checkpoint.linear(name))
        return F.layer_norm((x + update).to(self.dtype), weight.shape, weight, bias, eps=1e-5).float()

    def embed(self, side, ids, first_position):
        """ids [rows, length] → [rows, length, d]."""
        positions = self.positions[first_position : first_position + ids.shape[1]]
        return self.products.embed(self.checkpoint.embedding(side), ids, self.scale, positions)

    def attend(self, name, x, keys, values, heads):
        """x [rows, Q, d] to keys and values [rows, K, d]."""

        def split(y):
            return y.view(*y.shape[:2], heads, -1).transpose(1, 2).to(self.dtype)

        query, keys, values = split(self.linear(f"{name}.q_proj", x)), split(keys), split(values)
        scores = query @ keys.transpose(2, 3) / query.shape[-1] ** 0.5
        mixed = (scores.softmax(dim=-1) @ values).transpose(1, 2).reshape(x.shape)
        return self.linear(f"{name}.out_proj", mixed.float())

    def keys_and_values(self, name, x):
        return self.linear(f"{name}.k_proj", x), self.linear(f"{name}.v_proj", x)

    def kept_keys_and_values(self, name, x):
        """Those of the decoder, in the numbers that it keeps them in."""
        return tuple(self.products.keep(y) for y in self.keys_and_values(name, x))

    def feed_forward(self, name, x):
        hidden = self.activation(self.linear(f"{name}.fc1", x))
        update = self.linear(f"{name}.fc2", hidden)
        return self.add_and_normalise(f"{name}.final_layer_norm", x, update)

    def encode(self, ids):
        """ids [sentences, S] → states [sentences, S, d]."""
        x = self.embed("encoder", ids, 0)
        for n in range(1, self.checkpoint.config["encoder_layers"] + 1):
            name = self.layer("encoder", n)
            heads = self.checkpoint.config["encoder_attention_heads"]
            own = self.keys_and_values(f"{name}.self_attn", x)
            update = self.attend(f"{name}.self_attn", x, *own, heads)
            x = self.add_and_normalise(f"{name}.self_attn_layer_norm", x, update)
            x = self.feed_forward(name, x)
        return x

    def decoder_layer(self, n, x, own, cross):
        """x [rows, 1, d], the newest position; own: keys and values of all positions so far."""
        name = self.layer("decoder", n)
        heads = self.checkpoint.config["decoder_attention_heads"]
        update = self.attend(f"{name}.self_attn", x, *own, heads)
        x = self.add_and_normalise(f"{name}.self_attn_layer_norm", x, update)
        update = self.attend(f"{name}.encoder_attn", x, *cross, heads)
        x = self.add_and_normalise(f"{name}.encoder_attn_layer_norm", x, update)
        return self.feed_forward(name, x)

    def log_probabilities(self, n, state):
        """log p_n of state [rows, d], −∞ at the banned ids. [rows, V]"""
        logits = self.products.linear(state, *self.checkpoint.classifier(n))
        logits[:, self.checkpoint.banned] = float("-inf")
        return logits.log_softmax(dim=-1)
