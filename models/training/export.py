"""Writes the trained towers in the layout of the official repositories.

  export.py OUT CHECKPOINT     reads OUT/ict.pt and OUT/hp.pt; writes CHECKPOINT/{ICT,HP,base}
"""
import os, sys
import torch
from towers import UNKNOWN, config
from train_hp import LAYERS

# The margins of training drive logits further apart than a probability wants: most scores would be 0.00 or 1.00.
TEMPERATURE = 2.5


def main(out, checkpoint):
    for folder in ("ICT", "HP/hp_backbone", "HP/hp_scorer", "base"):
        os.makedirs(f"{checkpoint}/{folder}", exist_ok=True)
    ict, hp = (torch.load(f"{out}/{name}.pt", map_location="cpu") for name in ("ict", "hp"))
    # Tokens that training never saw all mean the same: a word that is not known.
    table = ict["model"]["text_model.embeddings.token_embedding.weight"]
    table[~ict["seen"]] = table[UNKNOWN].clone()
    for name in ("layers.7.weight", "layers.7.bias"): hp["head"][name] /= TEMPERATURE
    torch.save(ict["model"], f"{checkpoint}/ICT/pytorch_model.bin")
    torch.save(hp["model"], f"{checkpoint}/HP/hp_backbone/pytorch_model.bin")
    torch.save(hp["head"], f"{checkpoint}/HP/hp_scorer/mlp_pytorch_model.bin")
    config().save_pretrained(f"{checkpoint}/base")
    config(LAYERS).save_pretrained(f"{checkpoint}/HP/hp_backbone")
    print(int(ict["seen"].sum()), "tokens seen in training")


if __name__ == "__main__":
    main(*sys.argv[1:])
