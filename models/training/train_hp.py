"""Trains HP: the first layers of ICT's vision tower, partly frozen, and the five-layer head, on triplets of one picture:
worse < plain < clean, by margin ranking.

  train_hp.py WORK OUT [--threads 1]     reads OUT/ict-early.pt, writes OUT/hp.pt
"""
import argparse, math, os
import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, IterableDataset
from transformers import CLIPModel
from degrade import DEGRADATIONS, degrade
from scenes import Composer, Pictures
from towers import DEVICE, PATCH, PROJECTION, autocast, config, normalised_pixels, patches_of, vision

LAYERS, BATCH, RATE, SEED = 3, 20, 6e-4, 6
# Steps of each round; the rate falls to nothing in each, and the second shows what is hard to see twice as often.
ROUNDS, HARD = [1600, 1000], ["blur", "banding", "bad_crop", "colour_cast"]
BANDS, PER_BAND, LOUD = 8, 11, 4   # LOUD enough that what they answer to flat places counts, too


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        # In place of the published head's dropout: it would drown the small differences within a triplet.
        nothing = nn.Identity()
        self.layers = nn.Sequential(nn.Linear(PROJECTION, 1024), nothing, nn.Linear(1024, 128), nothing, nn.Linear(128, 64), nothing, nn.Linear(64, 16), nn.Linear(16, 1))

    def forward(self, x):
        return self.layers(x).squeeze(-1)


@torch.no_grad()
def see_finely(model, images):
    """Half of the filters become Gabor filters of waves of 2.5 to 7 px, and the first layer adds up how strongly they answer,
    by wavelength. ICT's filters see nothing finer than some 8 px, where blur, noise and JPEG show; and since such things have
    no sign, no gradient would lead there."""
    r = np.random.default_rng(SEED); y, x = np.mgrid[0:PATCH, 0:PATCH]; filters = []
    for wave in np.geomspace(2.5, 7, BANDS * PER_BAND):
        angle, phase, (cy, cx), width = r.uniform(0, np.pi), r.uniform(0, 2 * np.pi), r.uniform(4, PATCH - 4, 2), wave * r.uniform(0.5, 0.9)
        gabor = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * width ** 2)) * np.cos(2 * np.pi / wave * ((x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)) + phase)
        colour = np.ones(3) if r.random() < 0.7 else r.normal(0, 1, 3)
        filters.append((colour[:, None, None] * (gabor - gabor.mean())).ravel())
    filters = torch.tensor(np.stack(filters), dtype=torch.float32)
    filters /= (normalised_pixels(patches_of(images).flatten(0, 1)) @ filters.T).std(0)[:, None] / LOUD
    kernel, mlp = model.vision_model.embeddings.patch_embedding.weight, model.vision_model.encoder.layers[0].mlp
    first = len(kernel) - len(filters)
    kernel[first:] = filters.view(-1, *kernel.shape[1:])
    kernel[first - BANDS:first] = 0
    for i in range(len(filters)):   # |a| is about gelu(2a) + gelu(-2a), halved
        for unit, sign in ((2 * i, 2), (2 * i + 1, -2)):
            mlp.fc1.weight[unit] = 0; mlp.fc1.weight[unit, first + i] = sign; mlp.fc1.bias[unit] = 0
            mlp.fc2.weight[:, unit] = 0; mlp.fc2.weight[first - BANDS + i // PER_BAND, unit] = 1 / PER_BAND


class Triplets(IterableDataset):
    def __init__(self, work, first, kinds):
        self.work, self.first, self.kinds = work, first, kinds

    def __iter__(self):
        pictures, step, kinds = Pictures(self.work, "train"), self.first, self.kinds
        while True:
            composer = Composer(pictures, [SEED, step]); r = composer.random; step += 1
            rows = []
            for _ in range(BATCH):
                size = int(r.integers(224, 449))
                clean = Image.fromarray(composer.compose(composer.plan(), size))
                kind = kinds[r.integers(len(kinds))]
                low = r.random() ** 1.5 * 0.65; high = low + 0.25 + (0.75 - low) * r.random()
                seed = int(r.integers(2**31))
                plain = degrade(clean, kind, low, np.random.default_rng(seed))
                # Worse in the same way and more so; or, now and then, in one more way.
                if r.random() < 0.75: worse = degrade(clean, kind, min(1, high), np.random.default_rng(seed))
                else: worse = degrade(plain, kinds[r.integers(len(kinds))], 0.3 + 0.6 * r.random(), r)
                rows.append([np.asarray(i.resize((224, 224), Image.Resampling.BICUBIC) if i.width != 224 else i) for i in (worse, plain, clean)])
            yield torch.from_numpy(np.stack(rows))


def main(args):
    torch.manual_seed(SEED); torch.set_num_threads(args.threads)
    saved = torch.load(f"{args.out}/ict-early.pt", map_location=DEVICE)["model"]
    model = CLIPModel(config(LAYERS)); model.load_state_dict(saved, strict=False); model.to(DEVICE)
    head = Head().to(DEVICE)
    model.vision_model.encoder.layers[0].self_attn.requires_grad_(False)
    backbone = [p for p in [*model.vision_model.parameters(), *model.visual_projection.parameters()] if p.requires_grad]
    path, sample = f"{args.out}/hp.pt", Triplets(args.work, 0, list(DEGRADATIONS))
    begin = 0
    if os.path.exists(path + ".round"):
        saved = torch.load(path + ".round", map_location=DEVICE)
        model.load_state_dict(saved["model"]); head.load_state_dict(saved["head"]); begin = 1
    else: see_finely(model, torch.cat([batch[:, 2] for batch, _ in zip(sample, range(3))]))
    for i in range(begin, len(ROUNDS)):
        train(args, model, head, backbone, sum(ROUNDS[:i]), ROUNDS[i], list(DEGRADATIONS) + HARD * i)
        last = i + 1 == len(ROUNDS)
        torch.save(dict(model=model.state_dict(), head=head.state_dict()), path + ".new"); os.replace(path + ".new", path if last else path + ".round")


def train(args, model, head, backbone, first, steps, kinds):
    optimizer = torch.optim.AdamW([*backbone, *head.parameters()], lr=RATE, weight_decay=0.02, fused=True)
    batches = iter(DataLoader(Triplets(args.work, first, kinds), batch_size=None, num_workers=1, prefetch_factor=4))
    means = []
    for step in range(1, steps + 1):
        done = (step - 1) / steps
        for group in optimizer.param_groups: group["lr"] = RATE * min(1, step / 50) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        images = next(batches).to(DEVICE)
        with autocast(): embeds, _ = vision(model, images.flatten(0, 1))
        logits = head(embeds.float()).view(-1, 3)
        worse, plain, clean = logits.unbind(1)
        margin = lambda better, other, gap: torch.relu(gap - (better - other)).mean()
        ranking = margin(clean, plain, 1.5) + margin(plain, worse, 1.0) + margin(clean, worse, 3.0)
        # Clean pictures score well and bad ones badly whatever they show, so that scores of different pictures compare.
        level = nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor([0.1, 0.4, 0.85], device=DEVICE).expand_as(logits))
        loss = ranking + 0.5 * level
        optimizer.zero_grad(set_to_none=True); loss.backward()
        nn.utils.clip_grad_norm_([*backbone, *head.parameters()], 1.0); optimizer.step()
        means.append([(clean > plain).float().mean().item(), (plain > worse).float().mean().item(), loss.item()])
        if step % 50 == 0: print(f"step {step} of {steps}: clean>plain {np.mean(means, 0)[0]:.3f} plain>worse {np.mean(means, 0)[1]:.3f} loss {np.mean(means, 0)[2]:.3f}", flush=True); means = []


if __name__ == "__main__":
    parser = argparse.ArgumentParser(); parser.add_argument("work"); parser.add_argument("out")
    parser.add_argument("--threads", type=int, default=1)
    main(parser.parse_args())
