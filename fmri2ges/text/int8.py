"""Linear layers in 8-bit integers, for language models on a CPU: two to four times faster with VNNI.

Weights have one scale per output, activations one scale per token (as LLM.int8 without its outliers:
Dettmers et al. 2022). Sums are exact integers, so a token's result does not depend on what else is in
the batch, and training and decoding see the same features.
"""

from __future__ import annotations


def quantise(model) -> None:
    """Replace every torch `Linear` of a model, in place, by its 8-bit form."""
    import torch

    class Int8Linear(torch.nn.Module):
        def __init__(self, linear):
            super().__init__()
            weight = linear.weight.detach().float()
            scale = weight.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
            self.register_buffer("quantised", (weight / scale).round().to(torch.int8))
            self.register_buffer("scale", scale[:, 0])
            self.bias = linear.bias

        def forward(self, x):
            flat = x.reshape(-1, x.shape[-1])
            scale = flat.abs().amax(1, keepdim=True).clamp_min_(1e-12).div_(127)
            rounded = flat.div(scale).round_().to(torch.int8)
            product = torch._int_mm(rounded, self.quantised.t()).mul(scale).mul_(self.scale)
            if self.bias is not None:
                product += self.bias
            return product.reshape(*x.shape[:-1], -1)

    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is torch.nn.Linear:
                setattr(parent, name, Int8Linear(child))
