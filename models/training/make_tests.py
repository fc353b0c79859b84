"""Writes the pictures that the models are judged on, none of which training saw: PNG files and TESTS/tests.json.

  make_tests.py WORK TESTS
"""
import json, os, sys
import numpy as np
from PIL import Image
from degrade import DEGRADATIONS, STRENGTHS, degrade
from scenes import Composer, Pictures

GALLERY, GALLERIES, PER_KIND, SIZE = 100, 4, 40, 320


def main(work, out):
    os.makedirs(f"{out}/images", exist_ok=True)
    tests, number = dict(galleries={}, changed=[], pairs=[]), 0

    def write(image):
        nonlocal number
        number += 1; name = f"images/{number:05}.png"
        (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(f"{out}/{name}", compress_level=1)
        return name

    for split, label in (("test", "held-out pictures"), ("style", "held-out style")):
        pictures = Pictures(work, split); composer = Composer(pictures, [11, split == "style"]); galleries = []
        for _ in range(GALLERIES):
            gallery, said = [], set()
            while len(gallery) < GALLERY:
                scene = composer.plan(); words, _ = composer.caption(scene, True)
                if words in said: continue
                said.add(words); image = write(composer.compose(scene, SIZE))
                gallery.append(dict(image=image, caption=words))
                for what in ("colour", "count", "thing", "place"):
                    if split == "test" and (other := composer.changed(scene, what)):
                        caption, claims = composer.caption(other[0], True)
                        # Judged on what changed: a caption that the scene holds as well is none.
                        if scene.holds(claims) < 0.999: tests["changed"].append(dict(image=image, caption=words, changed=caption, what=what))
            galleries.append(gallery)
        tests["galleries"][label] = galleries
    composer = Composer(Pictures(work, "test"), 12)
    for kind in DEGRADATIONS:
        for _ in range(PER_KIND):
            clean = Image.fromarray(composer.compose(composer.plan(), SIZE)); name = write(clean)
            for strength, s in STRENGTHS.items():
                tests["pairs"].append(dict(kind=kind, strength=strength, clean=name, worse=write(degrade(clean, kind, s, composer.random))))
    json.dump(tests, open(f"{out}/tests.json", "w"), ensure_ascii=False)
    print(number, "pictures,", len(tests["changed"]), "changed captions,", len(tests["pairs"]), "pairs")


if __name__ == "__main__":
    main(*sys.argv[1:])
