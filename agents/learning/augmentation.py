"""Data augmentation of images."""

import torch
from torch import Tensor


def random_shift(images: Tensor, generator: torch.Generator, most: int) -> Tensor:
    """Shift each stack of `[B, S, H, W]` by up to `most` pixels, repeating the border.

    Padding by replication and a random crop (Kostrikov et al. 2021, arXiv:2004.13649, section 3.1), as one
    gather, without the padded images. Each stack and axis has its own shift; images of any type become
    channels last in memory.
    """
    count, depth, height, width = images.shape
    device = images.device
    shifts = torch.randint(-most, most + 1, (2, count, 1), generator=generator, device=generator.device)
    rows, columns = (
        (torch.arange(side, device=device) + shift).clamp_(0, side - 1)
        for side, shift in zip((height, width), shifts.to(device), strict=True)
    )  # [B, H], [B, W]
    place = torch.arange(count, device=device).view(-1, 1, 1) * (height * width)
    place = place + rows.unsqueeze(2) * width + columns.unsqueeze(1)  # [B, H, W]
    pixels = images.permute(0, 2, 3, 1).reshape(-1, depth)
    return pixels[place.flatten()].view(count, height, width, depth).movedim(-1, 1)
