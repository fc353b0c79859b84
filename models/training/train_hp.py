"""Trains HP: the first layers of ICT's vision tower, partly frozen, and the five-layer head, on triplets of one picture:
worse < plain < clean, by margin ranking.

  train_hp.py WORK OUT [--steps 2500]     reads OUT/ict.pt, writes OUT/hp.pt
"""
import argparse, math
import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, IterableDataset
from transformers import CLIPModel
from degrade import DEGRADATIONS, degrade
from scenes import Composer, Pictures
from towers import DEVICE, PROJECTION, autocast, config, vision

LAYERS, FROZEN, BATCH, RATE, SEED = 4, 1, 20, 5e-4, 6


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(PROJECTION, 1024), nn.Dropout(0.2), nn.Linear(1024, 128), nn.Dropout(0.2),
                                    nn.Linear(128, 64), nn.Dropout(0.1), nn.Linear(64, 16), nn.Linear(16, 1))

    def forward(self, x):
        return self.layers(x).squeeze(-1)


class Triplets(IterableDataset):
    def __init__(self, work):
        self.work = work

    def __iter__(self):
        pictures, step = Pictures(self.work, "train"), 0
        while True:
            composer = Composer(pictures, [SEED, step]); r = composer.random; step += 1
            rows = []
            for _ in range(BATCH):
                size = int(r.integers(224, 449))
                clean = Image.fromarray(composer.compose(composer.plan(), size))
                kinds = list(DEGRADATIONS)
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
    saved = torch.load(f"{args.out}/ict.pt", map_location=DEVICE)["model"]
    model = CLIPModel(config(LAYERS)); model.load_state_dict(saved, strict=False); model.to(DEVICE)
    head = Head().to(DEVICE)
    frozen = [model.vision_model.encoder.layers[i] for i in range(FROZEN)]
    for part in frozen: part.requires_grad_(False)
    backbone = [p for p in [*model.vision_model.parameters(), *model.visual_projection.parameters()] if p.requires_grad]
    optimizer = torch.optim.AdamW([*backbone, *head.parameters()], lr=RATE, weight_decay=0.02, fused=True)
    batches = iter(DataLoader(Triplets(args.work), batch_size=None, num_workers=1, prefetch_factor=4))
    means = []
    for step in range(1, args.steps + 1):
        done = (step - 1) / args.steps
        for group in optimizer.param_groups: group["lr"] = RATE * min(1, step / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
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
        if step % 50 == 0: print(f"step {step} of {args.steps}: clean>plain {np.mean(means, 0)[0]:.3f} plain>worse {np.mean(means, 0)[1]:.3f} loss {np.mean(means, 0)[2]:.3f}", flush=True); means = []
        if step % 200 == 0: torch.save(dict(model=model.state_dict(), head=head.state_dict()), f"{args.out}/hp.pt")
    torch.save(dict(model=model.state_dict(), head=head.state_dict()), f"{args.out}/hp.pt")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(); parser.add_argument("work"); parser.add_argument("out")
    parser.add_argument("--steps", type=int, default=2500); parser.add_argument("--threads", type=int, default=1)
    main(parser.parse_args())
