"""The exit policies."""

import torch
import torch.nn.functional as F

POLICIES = ["full", "fixed", "sequence", "token_multinomial", "token_geometric", "confidence"]


class ExitRule:
    """The `exit` object of a request, on a checkpoint.

    Exits count from 1; `a` and `b` bound them. A rule first gives the exits that it knows before
    the decoder runs (`before`), and after each layer it may change them (`after`).
    """

    def __init__(self, network, settings):
        self.network, self.checkpoint = network, network.checkpoint
        default = self.checkpoint.exits.get("default_policy", "full")
        self.policy = settings.get("policy", default)
        if self.policy not in POLICIES:
            raise SystemExit(f"policy {self.policy!r} is none of {', '.join(POLICIES)}")
        layers = self.checkpoint.layers
        self.a, self.b = settings.get("min_layer", 1), settings.get("max_layer", layers)
        if not 1 <= self.a <= self.b <= layers:
            raise SystemExit(f"{settings}: bounds have to be 1 ≤ min ≤ max ≤ {layers}")
        self.layer = settings["layer"] if self.policy == "fixed" else layers
        if self.policy == "fixed" and not self.a <= self.layer <= self.b:
            raise SystemExit(f"{settings}: the layer is outside the bounds")
        if self.policy in ["token_geometric", "confidence"]:
            self.thresholds = self._thresholds(settings)

    def _thresholds(self, settings):
        """τ_1 … τ_{N−1}: the request's, else the checkpoint's, else 0.5 or 0.9."""
        stored = self.checkpoint.exits["policies"].get(self.policy, {})
        if self.policy == "token_geometric":
            value = settings.get("threshold", stored.get("threshold", 0.5))
        elif "profile" in settings:
            value = stored["profiles"][settings["profile"]]["thresholds"]
        else:
            value = settings.get("threshold", stored.get("thresholds", 0.9))
        count = self.checkpoint.layers - 1
        values = value if isinstance(value, list) else [value] * count
        if len(values) != count or not all(0 <= value <= 1 for value in values):
            raise SystemExit(f"{settings}: thresholds have to be {count} numbers in 0 … 1")
        return values

    def _asks_each_layer(self):
        return self.policy in ["token_geometric", "confidence"]

    def _choice(self, state):
        """The head's first best exit, within the bounds. state [rows, d]"""
        logits = F.linear(state, *self.checkpoint.linear(f"exits.{self.policy}"))
        return (logits.argmax(dim=-1) + 1).clamp(self.a, self.b)

    def before(self, memory):
        """One exit a sentence, from the encoder's states [sentences, S, d]; b if not known yet."""
        if self.policy == "sequence":
            return self._choice(memory.mean(dim=1))
        exit = self.b if self._asks_each_layer() else min(max(self.layer, self.a), self.b)
        return torch.full([len(memory)], exit)

    def after(self, n, state, exits):
        """The exits [rows] of rows that have run layer n; state [rows, d] is what it gave."""
        if self.policy == "token_multinomial" and n == 1:
            return self._choice(state)
        if self._asks_each_layer() and self.a <= n < self.b:
            return torch.where(self._stops(n, state), n, exits)
        return exits

    def _stops(self, n, state):
        threshold = self.thresholds[n - 1]
        if self.policy == "confidence":
            log_p = self.network.log_probabilities(n, state)
            return log_p.max(dim=-1).values.exp() >= threshold
        weight, bias = self.checkpoint.linear("exits.token_geometric")
        return (state @ weight[n - 1] + bias[n - 1]).sigmoid() > threshold
