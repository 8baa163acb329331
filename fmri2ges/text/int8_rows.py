"""Compiled loops of the 8-bit language model between its integer products (`llama_int8.py`).

A step of a beam search is many small rows: as array operations each would be read and written some sixty times a
block, here four. Every row is computed by itself in an order that its own length fixes, so its result does not
depend on what else is in the batch.

Shapes: n rows (tokens), heads are the query heads, then a key and then a value head per group, hd wide.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

INTEGER = np.int8
# Sums may be vectorised (in one fixed order per length); there are no NaN or infinities in a model's states.
compiled = njit(nogil=True, cache=True, fastmath={"reassoc", "nsz", "nnan", "contract"})

LOG2_E = np.float32(1.44269504)
ONE, LEAST, MOST = np.float32(1), np.float32(-126), np.float32(126)
# Taylor series of 2^f, |f| <= 1/2: relative error 1e-7, that of float32.
C1, C2, C3 = np.float32(0.69314718056), np.float32(0.24022650696), np.float32(0.05550410866)
C4, C5, C6 = np.float32(0.00961812911), np.float32(0.00133335581), np.float32(0.00015403530)


class Product(NamedTuple):
    """The product of a linear layer as its integer sums; a number is sum * row's scale * output's scale + bias.

    Parameters
    ----------
    sums : array (n, m), int32
    scale : array (n,), float32; what an integer of each row stands for
    weight_scale, bias : arrays (m,), float32; of the layer's outputs
    """

    sums: np.ndarray
    scale: np.ndarray
    weight_scale: np.ndarray
    bias: np.ndarray


@compiled
def quantise(row, integers):
    """Integers of -127 to 127 for a row, float32; returns what one of them stands for."""
    raw = row.view(np.int32)  # without the sign, floats are ordered as integers are: a fast maximum
    top = np.empty(1, np.int32)
    top[0] = 0
    for i in range(len(raw)):
        top[0] = max(top[0], raw[i] & np.int32(0x7FFFFFFF))
    scale = max(top.view(np.float32)[0], np.float32(1e-12)) / np.float32(127)
    inverse = ONE / scale
    for i in range(len(row)):
        integers[i] = np.int8(np.int32(np.rint(row[i] * inverse)))
    return scale


@compiled
def _normalise(row, weight, eps, work, integers):
    """Root-mean-square norm and `quantise`; the norm's factor goes into the scale."""
    squares = np.float64(0)
    for i in range(len(row)):
        squares += np.float64(row[i]) * np.float64(row[i])
    for i in range(len(row)):
        work[i] = row[i] * weight[i]
    return quantise(work, integers) * np.float32(1 / np.sqrt(squares / len(row) + eps))


@compiled
def normalise(x, weight, eps, integers, scale):
    """Norm and integers of every row.

    Parameters
    ----------
    x : array (n, k), float32
    weight : array (k,), of the norm
    integers, scale : arrays (n, k), int8, and (n,), float32; filled
    """
    work = np.empty(x.shape[1], np.float32)
    for r in range(len(x)):
        scale[r] = _normalise(x[r], weight, eps, work, integers[r])


@compiled
def _real(sums, scale, weight_scale, bias, out):
    for i in range(len(out)):
        out[i] = np.float32(sums[i]) * scale * weight_scale[i] + bias[i]


@compiled
def real(product, out):
    """Numbers that a `Product` stands for, into out (n, m), float32."""
    for r in range(len(out)):
        _real(product.sums[r], product.scale[r], product.weight_scale, product.bias, out[r])


@compiled
def split_heads(product, cos, sin, position, n_turned, out):
    """Heads of the query-key-value product; the first `n_turned` get the rotary position embedding.

    Parameters
    ----------
    product : `Product` of the query-key-value layer, m = heads * hd
    cos, sin : arrays (n_positions, hd / 2)
    position : array (n,), int
    out : array (n, heads, hd), float32; filled
    """
    n, heads, hd = out.shape
    half = hd // 2
    work = np.empty(heads * hd, np.float32)
    for r in range(n):
        _real(product.sums[r], product.scale[r], product.weight_scale, product.bias, work)
        c, s = cos[position[r]], sin[position[r]]
        for h in range(heads):
            first, second = work[h * hd : h * hd + half], work[h * hd + half : (h + 1) * hd]
            if h < n_turned:
                for i in range(half):
                    out[r, h, i] = first[i] * c[i] - second[i] * s[i]
                for i in range(half):
                    out[r, h, half + i] = second[i] * c[i] + first[i] * s[i]
            else:
                for i in range(half):
                    out[r, h, i] = first[i]
                for i in range(half):
                    out[r, h, half + i] = second[i]


@compiled
def exponentials(z, bits, n):
    """exp of the first n numbers of z, in place; below -87 tiny instead of 0. `bits`: array of int32 to work in."""
    for i in range(n):
        t = min(max(z[i] * LOG2_E, LEAST), MOST)
        whole = np.rint(t)
        f = t - whole
        z[i] = (((((C6 * f + C5) * f + C4) * f + C3) * f + C2) * f + C1) * f + ONE
        bits[i] = (np.int32(whole) + np.int32(127)) << np.int32(23)  # a float of 2^whole
    powers = bits.view(np.float32)
    for i in range(n):
        z[i] *= powers[i]


@compiled
def attend(heads, states, context, seen, n_heads, n_groups, integers, scale):
    """Attention of each row to the first tokens of its context and to itself, as integers.

    Parameters
    ----------
    heads : array (n, n_heads + 2 n_groups, hd)
    states : array (n_contexts, n_tokens, 2, n_groups, hd); keys and values
    context, seen : arrays (n,), int; the context of a row, and how many of its tokens the row sees
    integers, scale : arrays (n, n_heads * hd), int8, and (n,), float32; filled
    """
    n, _, hd = heads.shape
    share, shrink = n_heads // n_groups, np.float32(1 / np.sqrt(hd))
    weights, bits = np.empty(states.shape[1] + 1, np.float32), np.empty(states.shape[1] + 1, np.int32)
    mixed, own = np.empty(n_heads * hd, np.float32), np.empty(hd, np.float32)
    for r in range(n):
        c, m = context[r], seen[r]
        for h in range(n_heads):
            g = h // share
            for t in range(m):
                product = np.float32(0)
                for i in range(hd):
                    product += heads[r, h, i] * states[c, t, 0, g, i]
                weights[t] = product * shrink
            product = np.float32(0)
            for i in range(hd):
                product += heads[r, h, i] * heads[r, n_heads + g, i]
            weights[m] = product * shrink
            top = weights[0]
            for t in range(1, m + 1):
                top = max(top, weights[t])
            for t in range(m + 1):
                weights[t] -= top
            exponentials(weights, bits, m + 1)
            total = np.float32(0)
            for t in range(m + 1):
                total += weights[t]
            for i in range(hd):
                own[i] = weights[m] * heads[r, n_heads + n_groups + g, i]
            for t in range(m):
                w = weights[t]
                for i in range(hd):
                    own[i] += w * states[c, t, 1, g, i]
            for i in range(hd):
                mixed[h * hd + i] = own[i] / total
        scale[r] = quantise(mixed, integers[r])


@compiled
def add_and_normalise(x, product, weight, eps, integers, scale):
    """Add the numbers of a `Product` to x, in place; then `normalise`."""
    work = np.empty(x.shape[1], np.float32)
    for r in range(len(x)):
        _real(product.sums[r], product.scale[r], product.weight_scale, product.bias, work)
        for i in range(len(work)):
            x[r, i] += work[i]
        scale[r] = _normalise(x[r], weight, eps, work, integers[r])


@compiled
def gate(product, integers, scale):
    """silu(first half) * second half of a `Product`, as integers.

    Parameters
    ----------
    integers, scale : arrays (n, m / 2), int8, and (n,), float32; filled
    """
    sums, weight_scale, bias = product.sums, product.weight_scale, product.bias
    half = sums.shape[1] // 2
    gates, ups, z = np.empty(half, np.float32), np.empty(half, np.float32), np.empty(half, np.float32)
    bits = np.empty(half, np.int32)
    for r in range(len(sums)):
        _real(sums[r, :half], product.scale[r], weight_scale[:half], bias[:half], gates)
        _real(sums[r, half:], product.scale[r], weight_scale[half:], bias[half:], ups)
        for i in range(half):
            z[i] = -gates[i]
        exponentials(z, bits, half)
        for i in range(half):
            gates[i] = gates[i] / (ONE + z[i]) * ups[i]
        scale[r] = quantise(gates, integers[r])


@compiled
def take(states, parents, out):
    """States of some contexts, into the first tokens of out.

    Parameters
    ----------
    states : array (n_contexts, n_tokens, 2, n_groups, hd)
    parents : array (n,), int
    out : array (n, n_tokens or more, 2, n_groups, hd)
    """
    for r in range(len(out)):
        p = parents[r]
        for t in range(states.shape[1]):
            for k in range(2):
                for g in range(states.shape[3]):
                    for i in range(states.shape[4]):
                        out[r, t, k, g, i] = states[p, t, k, g, i]
