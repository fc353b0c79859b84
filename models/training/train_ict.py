"""Trains the ICT towers: contrastively first, then towards how much of the caption the picture holds.

  train_ict.py WORK OUT [--steps 4000]     writes OUT/ict.pt; goes on from there if it was ended

OUT/ict-early.pt, after 500 steps, is what train_hp.py begins with, so that both can run at once.
"""
import argparse, math, os, random, shutil, time
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, IterableDataset
from transformers import CLIPModel
from scenes import COLOURS, Composer, Pictures
from backgrounds import KINDS
from towers import DEVICE, Tokens, UNKNOWN, autocast, config, normalised, start, text, vision

BATCH, CHANGED, RATE, SEED = 64, 48, 1e-3, 5
KEEP = 28             # patches that are looked at in the first part, of 49
GRADED_FROM = 0.55    # share of the steps after which the graded targets come in and all patches are seen
FILLERS = [", highly detailed", ", 4k", ", masterpiece", ", best quality", ", digital art", ", cartoon style", ", bright colors", ", simple background", ", centered", " please"]


class Batches(IterableDataset):
    def __init__(self, work, first, steps):
        self.work, self.first, self.steps = work, first, steps

    def __iter__(self):
        pictures, tokens, step = Pictures(self.work, "train"), Tokens(), self.first
        index = {c["name"]: i for i, c in enumerate(pictures.all)}
        colours, places = list(COLOURS), list(KINDS)
        while True:
            composer, rng = Composer(pictures, [SEED, step]), random.Random(step)
            easy = max(0.0, 0.8 - 1.6 * step / self.steps)   # one large thing first, all kinds of scenes from half of the steps on
            scenes, images = [], np.empty((BATCH, 224, 224, 3), np.uint8)
            for image in images:
                scenes.append(composer.plan(easy)); image[...] = composer.compose(scenes[-1])
            said = [composer.caption(scene) for scene in scenes]
            for scene in scenes[:CHANGED]:
                other = composer.changed(scene)
                said.append(composer.caption(other[0] if other else composer.plan(), True))
            # Facts that the captions of this batch name, as columns: what each caption claims, and what each scene holds.
            column = {fact: i for i, fact in enumerate({fact for _, claims in said for fact, _ in claims})}
            claims, holds = np.zeros((len(said), len(column)), np.float32), np.zeros((BATCH, len(column)), np.float32)
            for row, (_, claimed) in zip(claims, said):
                for fact, weight in claimed: row[column[fact]] += weight
            for row, scene in zip(holds, scenes):
                for fact in scene.facts & column.keys(): row[column[fact]] = 1
            target = holds @ (claims / claims.sum(1, keepdims=True)).T
            target[np.arange(BATCH), np.arange(BATCH)] = 1
            ids = tokens([words + rng.choice(FILLERS) if rng.random() < 0.1 else words for words, _ in said])
            for row in ids:   # a word that nobody knows
                if rng.random() < 0.1:
                    spot, end = rng.randrange(1, int(row.argmax()) + 1), int(row.argmax())
                    if end + 1 < len(row): row[spot + 1:end + 2] = row[spot:end + 1].clone(); row[spot] = UNKNOWN
            labels = np.zeros((BATCH, len(index) + len(colours) + len(places) + 4), np.float32)
            for row, scene in zip(labels, scenes):
                for thing in scene.things:
                    row[index[thing.concept["name"]]] = 1
                    if thing.colour: row[len(index) + colours.index(thing.colour)] = 1
                if scene.place: row[len(index) + len(colours) + places.index(scene.place)] = 1
                row[-4 + min(3, sum(t.count for t in scene.things))] = 1
            step += 1
            yield torch.from_numpy(images), ids, torch.from_numpy(target), torch.from_numpy(labels)


def losses(model, scale, classify, batch, keep, graded):
    images, ids, target, labels = (part.to(DEVICE) for part in batch)
    with autocast():
        embeds, pooled = vision(model, images, keep)
        words = text(model, ids)
    i, t, pooled = normalised(embeds.float()), normalised(words.float()), pooled.float()
    cosine = i @ t.T
    logits = cosine * scale.exp().clamp(max=40)
    right = (target > 0.999).float()
    over_texts = -(F.log_softmax(logits, 1) * right).sum(1) / right.sum(1)
    hit = right.sum(0) > 0
    over_images = -(F.log_softmax(logits, 0) * right).sum(0)[hit] / right.sum(0)[hit]
    contrastive = (over_texts.mean() + over_images.mean()) / 2
    # Names, colours, places and numbers straight from the picture: it learns to see them sooner. Dropped after training.
    things = labels.shape[1] - len(COLOURS) - len(KINDS) - 4
    guess = classify(pooled)
    named = labels[:, :things]
    aux = -(F.log_softmax(guess[:, :things], 1) * named / named.sum(1, keepdim=True).clamp(min=1)).sum(1).mean()
    aux = aux + 4 * F.binary_cross_entropy_with_logits(guess[:, things:], labels[:, things:])
    error = (cosine - target) ** 2
    some = (target > 0).float()
    grade = (error * some).sum() / some.sum() + (error * (1 - some)).sum() / (1 - some).sum()
    return contrastive * (1 - 0.6 * graded) + 0.5 * aux * (1 - 0.7 * graded) + 4 * graded * grade, (contrastive.item(), aux.item(), grade.item())


@torch.no_grad()
def retrieval(model, work, split="test", galleries=4):
    """Share of captions whose own picture is first, and among the first five, of 100."""
    model.eval(); composer, tokens = Composer(Pictures(work, split), 99), Tokens(); top = []
    for _ in range(galleries):
        scenes = [composer.plan() for _ in range(100)]
        said = [composer.caption(scene, True) for scene in scenes]
        i = normalised(vision(model, torch.from_numpy(np.stack([composer.compose(s) for s in scenes])).to(DEVICE))[0])
        t = normalised(text(model, tokens([words for words, _ in said]).to(DEVICE)))
        cosine = t @ i.T
        rank = (cosine > cosine.diagonal()[:, None]).sum(1)
        top.append([(rank < 1).float().mean().item(), (rank < 5).float().mean().item()])
    model.train()
    return np.mean(top, 0)


def main(args):
    torch.manual_seed(SEED); torch.set_num_threads(args.threads)
    os.makedirs(args.out, exist_ok=True)
    path, early, step = f"{args.out}/ict.pt", f"{args.out}/ict-early.pt", 0
    model = CLIPModel(config()).to(DEVICE); model.logit_scale.requires_grad = False
    scale = nn.Parameter(torch.tensor(math.log(10.0), device=DEVICE))
    things = len(Pictures(args.work, "train").all)
    classify = nn.Linear(192, things + len(COLOURS) + len(KINDS) + 4).to(DEVICE)
    seen = torch.zeros(49408, dtype=torch.bool)
    rest = [p for p in [*model.parameters(), *classify.parameters()] if p.requires_grad and p.ndim < 2] + [scale]
    table = model.text_model.embeddings.token_embedding.weight
    matrices = [p for p in [*model.parameters(), *classify.parameters()] if p.ndim >= 2 and p is not table]
    optimizer = torch.optim.AdamW([dict(params=matrices, weight_decay=0.05), dict(params=rest + [table], weight_decay=0)], lr=RATE, betas=(0.9, 0.98), fused=True)
    if os.path.exists(path):
        saved = torch.load(path, map_location=DEVICE)
        model.load_state_dict(saved["model"]); classify.load_state_dict(saved["classify"]); optimizer.load_state_dict(saved["optimizer"])
        scale.data.copy_(saved["scale"]); step, seen = saved["step"], saved["seen"].cpu()
    batches = iter(DataLoader(Batches(args.work, step, args.steps), batch_size=None, num_workers=1, prefetch_factor=4))
    if step == 0: start(model, torch.cat([next(batches)[0] for _ in range(10)]))

    def save():
        torch.save(dict(model=model.state_dict(), classify=classify.state_dict(), optimizer=optimizer.state_dict(), scale=scale.data, step=step, seen=seen), path + ".new")
        os.replace(path + ".new", path)

    last, means = time.monotonic(), []
    while step < args.steps:
        done = step / args.steps
        graded = min(1.0, max(0.0, (done - GRADED_FROM) / 0.15))
        for group in optimizer.param_groups: group["lr"] = RATE * min(1, (step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        batch = next(batches); seen[batch[1].flatten()] = True
        loss, parts = losses(model, scale, classify, batch, KEEP if done < GRADED_FROM else None, graded)
        optimizer.zero_grad(set_to_none=True); loss.backward()
        nn.utils.clip_grad_norm_([*matrices, *rest], 1.0)
        optimizer.step()
        step += 1; means.append(parts)
        if step % 50 == 0:
            now = time.monotonic(); speed, last = 50 * BATCH / (now - last), now
            print(f"step {step} of {args.steps}: contrastive {np.mean(means, 0)[0]:.3f} aux {np.mean(means, 0)[1]:.3f} graded {np.mean(means, 0)[2]:.3f} scale {scale.exp().item():.1f} {speed:.0f} images/s", flush=True); means = []
        if step % 500 == 0:
            save()
            if not os.path.exists(early): shutil.copyfile(path, early)
            print("held-out pictures, top 1 and 5 of 100:", retrieval(model, args.work).round(3), flush=True)
    save()
    print("held-out pictures:", retrieval(model, args.work, galleries=10).round(3), "held-out style:", retrieval(model, args.work, "style", 10).round(3))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(); parser.add_argument("work"); parser.add_argument("out")
    parser.add_argument("--steps", type=int, default=4000); parser.add_argument("--threads", type=int, default=1)
    main(parser.parse_args())
