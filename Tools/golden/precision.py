"""Products with a matrix of weights, look-ups in one, and what a decoder keeps: in fp32, in 8 bits, or with weights in 7 bits."""

import torch
import torch.nn.functional as F

# Of a row's greatest magnitude. A tensor, because PyTorch takes number / tensor as number · (1 / tensor),
# which rounds twice and turns ties of quantised weights.
STEPS = torch.tensor(127.0)
STEPS_OF_7_BITS = torch.tensor(63.0)
SMALLEST = 2.0**-100  # rows below it throughout become 0
GREATEST_HALF = 65504.0


class Float32:
    def linear(self, x, weight, bias):
        """x [..., inputs] W^T + b, with W [outputs, inputs]."""
        return F.linear(x, weight, bias)

    def embed(self, table, ids, scale, addend):
        """Rows of the table times scale, plus addend."""
        return table[ids] * scale + addend

    def keep(self, x):
        """Keys or values of a decoder, as attention reads them."""
        return x


class Int8:
    """Weights in whole steps of a 127th of their output's greatest, activations of their row's.

    Sums of products are exact, keys and values of the decoder are kept in binary16; all else is fp32, and each operation rounds once.
    """

    weight_steps = STEPS

    def __init__(self):
        self._quantised = {}

    def _weights(self, weight):
        if weight not in self._quantised:
            self._quantised[weight] = quantise(weight, self.weight_steps)
        return self._quantised[weight]

    def linear(self, x, weight, bias):
        steps, scales = self._weights(weight)
        x_steps, x_scales = quantise(x)
        sums = (x_steps @ steps.T).float()
        return multiply_add(sums, x_scales[..., None] * scales, bias)

    def embed(self, table, ids, scale, addend):
        steps, scales = self._weights(table)
        return steps[ids].float() * (scales[ids] * scale)[..., None] + addend

    def keep(self, x):
        return x.clamp(-GREATEST_HALF, GREATEST_HALF).half().float()


class Int7(Int8):
    """The same with weights in whole steps of a 63rd."""

    weight_steps = STEPS_OF_7_BITS


PRECISIONS = {"float32": Float32, "int8": Int8, "int7": Int7}


def quantise(x, steps=STEPS):
    """x [..., n] as whole numbers of steps, in fp64 (where their sums are exact), and [...] scales.

    Ties go to the even number.
    """
    greatest = x.abs().amax(dim=-1)
    vanishes = greatest < SMALLEST
    inverse = torch.where(vanishes, 0.0, steps / greatest)
    scale = torch.where(vanishes, 0.0, greatest / steps)
    return (x * inverse[..., None]).round().double(), scale


def multiply_add(a, b, c):
    """a·b + c of fp32 tensors, rounded to fp32 once.

    The product is exact in fp64. The sum is not always, and to round it twice could go the wrong way
    from a tie; so where it is not exact, it is taken with an odd last bit, which no tie has.
    """
    product, c = a.double() * b.double(), c.double().expand(a.shape)
    total = product + c
    part = total - product
    error = (product - (total - part)) + (c - part)  # Knuth's two-sum: exact
    towards = torch.where(error > 0, torch.inf, -torch.inf).double()
    is_even = total.view(torch.int64) % 2 == 0
    return torch.where((error != 0) & is_even, total.nextafter(towards), total).float()
