"""Composes scenes of one to three things, with captions, and says how much of any caption a scene holds.

A scene holds *facts*; a caption makes *claims*, each a fact with a weight. What a scene holds of a caption, the weight
of the claims that are among its facts, is the target of ICT.
"""
import json
import numpy as np
from PIL import Image
from backgrounds import KINDS
from names import CONTAINERS, MASS, article, plural

SIZE = 224
COLOURS = {"red": (214, 38, 40), "orange": (245, 135, 30), "yellow": (247, 208, 40), "green": (52, 160, 60), "blue": (40, 96, 214), "purple": (130, 60, 175),
           "pink": (243, 120, 175), "brown": (125, 75, 40), "black": (38, 38, 42), "white": (240, 240, 242), "gray": (135, 137, 142)}
COLOURS_ZH = dict(zip(COLOURS, "红 橙 黄 绿 蓝 紫 粉 棕 黑 白 灰".split()))
COUNTS, COUNTS_ZH = {2: "two", 3: "three"}, {1: "一个", 2: "两个", 3: "三个"}
OBJECT, COLOUR, COUNT, PLACE = 1.0, 0.7, 0.7, 0.7   # what a claim weighs
OPENINGS = ["a picture of ", "a photo of ", "an image of ", "an illustration of ", "a drawing of ", "clip art of ", "a painting of "]


class Thing:
    """One kind of object in a scene: how many of it, and in which colour, if it was painted."""
    def __init__(self, concept, count=1, colour=None):
        self.concept, self.count, self.colour = concept, count, colour
        split = [n.split(" ", 1) for n in concept["names"]]
        self.natural = {(first, rest[0]) for first, *rest in split if first in COLOURS and rest}
        coloured = {f"{c} {n}" for c, n in self.natural}
        # A blue "red apple" is called an apple.
        self.names = [n for n in concept["names"] if n not in coloured] if colour else concept["names"]

    def facts(self):
        words = {*self.names, *(rest for _, rest in self.natural)}
        yield from (("thing", n) for n in words | set(self.concept["tags"]))
        yield from (("colour", n, self.colour) for n in words if self.colour)
        if not self.colour:
            yield from (("colour", rest, colour) for colour, rest in self.natural)
        yield from (("count", n, self.count) for n in words if self.count > 1)
        if self.concept["zh"]:
            yield ("thing", self.concept["zh"])
            if self.colour: yield ("colour", self.concept["zh"], self.colour)
            if self.count > 1: yield ("count", self.concept["zh"], self.count)


class Scene:
    def __init__(self, things, place=None, inside=False):
        self.things, self.place, self.inside = things, place, inside
        self.facts = {fact for thing in things for fact in thing.facts()} | ({("place", place)} if place else set())

    def holds(self, claims):
        return sum(w for fact, w in claims if fact in self.facts) / sum(w for _, w in claims)


class Pictures:
    """The rendered pictures of one side of the split: "train", "test" or "style" (the held-out style)."""
    def __init__(self, work, split):
        catalogue, sprites = json.load(open(f"{work}/catalogue.json")), json.load(open(f"{work}/sprites.json"))
        self.sprites = np.memmap(f"{work}/sprites.bin", np.uint8, "r").reshape(-1, sprites["size"], sprites["size"], 4)
        concepts = {c["name"]: c for c in catalogue["concepts"]}
        self.all = list(concepts.values())
        self.of, self.source_of = {}, [catalogue["pictures"][k]["source"] for k in sprites["kept"]]
        for row, k in enumerate(sprites["kept"]):
            picture = catalogue["pictures"][k]
            if picture["split"] == split:
                self.of.setdefault(picture["concept"], []).append(row)
        self.concepts = [concepts[name] for name in sorted(self.of)]
        # A thing with one picture teaches little.
        weights = np.array([c["weight"] * (0.4 if len(self.of[c["name"]]) == 1 and split == "train" else 1) for c in self.concepts])
        self.weights = weights / weights.sum()
        self.by_category = {}
        for c in self.concepts: self.by_category.setdefault(c["category"], []).append(c)
        rows = json.load(open(f"{work}/backgrounds.json"))
        self.backgrounds = np.memmap(f"{work}/backgrounds.bin", np.uint8, "r").reshape(-1, rows["size"], rows["size"], 3)
        side = "train" if split == "train" else "test"
        self.places = {}
        for row, b in enumerate(rows["backgrounds"]):
            if b["split"] == side: self.places.setdefault(b["kind"], []).append(row)


class Composer:
    def __init__(self, pictures, seed):
        self.pictures, self.random = pictures, np.random.default_rng(seed)
        self.cumulative, self.large = np.cumsum(pictures.weights), False

    def chance(self, p):
        return self.random.random() < p

    def pick(self, items):
        return items[int(self.random.random() * len(items))]

    def concept(self):
        index = min(int(np.searchsorted(self.cumulative, self.random.random())), len(self.cumulative) - 1)
        return self.pictures.concepts[index]

    # -- what is in it

    def thing(self, count=1):
        concept = self.concept()
        plain = any(n.split(" ", 1)[0] not in COLOURS for n in concept["names"])
        colour = self.pick(list(COLOURS)) if plain and self.chance(0.35) else None
        return Thing(concept, count, colour)

    def plan(self, easy=0.0):
        """`easy` is the share of scenes that show one large thing, with which training begins."""
        self.large = self.chance(easy)
        if self.large: return Scene([self.thing()], self.pick(list(KINDS)) if self.chance(0.3) else None)
        place = self.pick(list(KINDS)) if self.chance(0.55) else None
        r = self.random.random()
        if r < 0.5: things = [self.thing()]
        elif r < 0.68: things = [self.thing(2 if self.chance(0.55) else 3)]
        elif r < 0.96:
            things = [self.thing(2 if self.chance(0.12) else 1), self.thing()]
            if things[0].concept is things[1].concept: things.pop()
        else: return Scene([], self.pick(list(KINDS)))
        inside = False
        if len(things) == 2 and things[0].count == 1 and self.chance(0.12):
            held = [c for c in self.pictures.concepts if set(c["names"]) & CONTAINERS]
            if held: things[1], inside = Thing(self.pick(held)), True
        return Scene(things, place, inside)

    # -- what it looks like

    def compose(self, scene, size=SIZE):
        """uint8 size × size × 3."""
        canvas = self.background(scene.place, size)
        if not scene.things: return canvas
        boxes = self.layout(scene, size)
        for thing, row, (x, y, side) in boxes:
            self.paste(canvas, self.pictures.sprites[row], thing.colour, x, y, side)
        if self.chance(0.3):
            gain, lift = 1 + self.random.normal(0, 0.07), self.random.normal(0, 6)
            canvas = np.clip(canvas * np.float32(gain) + np.float32(lift), 0, 255).astype(np.uint8)
        return canvas

    def background(self, place, size):
        if place is None:
            r = self.random.random()
            if r < 0.3: return np.full((size, size, 3), self.random.integers(225, 256), np.uint8)
            if r < 0.65:
                a, b = self.random.integers(0, 256, (2, 3)) * 0.75 + 50
                if self.chance(0.5): b = a
                rows = a + (np.clip(b, 0, 255) - a) * np.linspace(0, 1, size)[:, None]
                return np.repeat(np.clip(rows, 0, 255).astype(np.uint8)[:, None], size, 1)
            place = "photo"
        image = self.pictures.backgrounds[self.pick(self.pictures.places[place])]
        side = int(image.shape[0] * (0.8 + 0.2 * self.random.random()))
        x, y = (int(self.random.random() * (image.shape[0] - side + 1)) for _ in "xy")
        if self.chance(0.5): image = image[:, ::-1]
        return np.array(Image.fromarray(np.ascontiguousarray(image[y:y + side, x:x + side])).resize((size, size), Image.Resampling.BILINEAR))

    def layout(self, scene, size):
        copies = [thing for thing in scene.things for _ in range(thing.count)]
        rows = {id(t): self.pick(self.pictures.of[t.concept["name"]]) for t in scene.things}
        u = lambda a, b: a + (b - a) * self.random.random()
        if scene.inside:
            side = u(0.45, 0.65); x, y, small = u(0.02, 0.98 - side), u(0.38, 0.97 - side), side * u(0.6, 0.85)
            spots = [(x + (side - small) / 2 + u(-.05, .05), y - small * u(0.4, 0.6), small), (x, y, side)]
        elif len(copies) == 1:
            side = u(0.7, 0.98) if self.large else u(0.38, 0.92); spots = [(u(0, 1 - side), u(0.3, 1) * (1 - side), side)]
        else:
            side = u(0.3, 0.5) if len(copies) == 2 else u(0.24, 0.37)
            if len(copies) == 3 and self.chance(0.35): centres = [(.28, .3), (.72, .3), (.5, .72)]
            else: centres = [((i + .5) / len(copies), u(.35, .7) if self.chance(.5) else .58) for i in range(len(copies))]
            spots = [(cx + u(-.06, .06) - s / 2, cy + u(-.08, .08) - s / 2, s) for cx, cy in centres for s in [side * u(0.85, 1.1)]]
            if self.chance(0.5): spots.reverse()
        return [(t, rows[id(t)], (int(x * size), int(y * size), max(16, int(s * size)))) for t, (x, y, s) in zip(copies, spots)]

    def paste(self, canvas, sprite, colour, x, y, side):
        # As "CMYK" Pillow resizes four channels alike, which is right for premultiplied alpha.
        image = Image.frombuffer("CMYK", sprite.shape[1::-1], np.ascontiguousarray(sprite), "raw", "CMYK", 0, 1)
        if self.chance(0.25): image = image.rotate(self.random.uniform(-18, 18), Image.Resampling.BILINEAR)
        small = np.asarray(image.resize((side, side), Image.Resampling.BILINEAR if side < 160 else Image.Resampling.BICUBIC))
        if self.chance(0.5): small = small[:, ::-1]
        if colour: small = paint(small, colour)
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + side, canvas.shape[1]), min(y + side, canvas.shape[0])
        if x1 <= x0 or y1 <= y0: return
        part = small[y0 - y:y1 - y, x0 - x:x1 - x]
        under = canvas[y0:y1, x0:x1]
        rest = (255 - part[..., 3:]).astype(np.uint16)
        under[...] = np.minimum(part[..., :3] + (under * rest + 127) // 255, 255).astype(np.uint8)

    # -- what is said of it

    def caption(self, scene, full=None):
        """Words and claims. Leaves out a thing, a colour or the place now and then, unless `full`."""
        if full is None: full = self.chance(0.65)
        if not scene.things:
            phrase = KINDS[scene.place][1]
            if self.chance(0.1): phrase = KINDS[scene.place][2].rstrip("上里下时")
            return self.opened(phrase), [(("place", scene.place), PLACE)]
        zh = all(t.concept["zh"] for t in scene.things) and self.chance(0.1)
        things = scene.things if full or len(scene.things) == 1 or self.chance(0.5) else [self.pick(scene.things)]
        place = scene.place if scene.place and (full or self.chance(0.6)) else None
        phrases, claims = [], []
        for thing in things:
            colour = thing.colour if full or self.chance(0.7) else None
            name = thing.concept["zh"] if zh else thing.names[0] if full or self.chance(0.6) else self.pick(thing.names + ([n for _, n in thing.natural] if not thing.colour else []))
            count = thing.count if full or self.chance(0.8) else 1
            if not full and not zh and count == 1 and len(thing.concept["tags"]) and self.chance(0.12): name = self.pick(thing.concept["tags"])
            phrases.append(phrase_zh(name, count, colour) if zh else phrase_en(name, count, colour))
            claims += claims_of(name, count, colour)
        if place: claims.append((("place", place), PLACE))
        if zh: return "和".join(phrases) + ("在" + KINDS[place][2] if place else ""), claims
        words = f"{phrases[0]} in {phrases[1]}" if scene.inside and len(phrases) == 2 and self.chance(0.7) else " and ".join(phrases)
        return self.opened(words + (" " + KINDS[place][0] if place else "")), claims

    def opened(self, words):
        return self.pick(OPENINGS) + words if self.chance(0.25) else words

    def changed(self, scene, what=None):
        """The scene as it is not: with one colour, number, thing or place exchanged; and which. None where there is none such."""
        kinds = ["thing"] * 2 * bool(scene.things) + ["colour"] * 2 * any(t.colour for t in scene.things) + ["count"] * bool(scene.things) + ["place"] * bool(scene.place)
        what = what or self.pick(kinds)
        if what not in kinds: return None
        things, place = list(scene.things), scene.place
        if what == "place": place = self.pick([k for k in KINDS if k != place])
        else:
            spot = self.pick([i for i, t in enumerate(things) if what != "colour" or t.colour])
            t = things[spot]
            if what == "colour": t = Thing(t.concept, t.count, self.pick([c for c in COLOURS if c != t.colour]))
            elif what == "count": t = Thing(t.concept, self.pick([c for c in COUNTS if c != t.count]), t.colour)
            else:
                pool = self.pictures.by_category[t.concept["category"]] if self.chance(0.5) else self.pictures.concepts
                other = self.pick(pool)
                if {("thing", n) for n in other["names"]} & scene.facts: return None
                t = Thing(other, t.count, t.colour)
                if not t.names: return None
            things[spot] = t
        return Scene(things, place, scene.inside), what


def claims_of(name, count, colour):
    # Facts know a natural colour by the thing's own name: "a red apple" claims an apple that is red.
    first, _, rest = name.partition(" ")
    if first in COLOURS and rest: claims = [(("thing", name), OBJECT)]
    else: claims = [(("thing", name), OBJECT)] + ([(("colour", name, colour), COLOUR)] if colour else [])
    return claims + ([(("count", name, count), COUNT)] if count > 1 else [])


def phrase_en(name, count, colour):
    words = f"{colour} {name}" if colour else name
    if count > 1: return f"{COUNTS[count]} {colour + ' ' if colour else ''}{plural(name)}"
    return words if name in MASS else article(words)


def phrase_zh(name, count, colour):
    return COUNTS_ZH[count] + (COLOURS_ZH[colour] + "色的" if colour else "") + name


def paint(sprite, colour):
    """A sprite (premultiplied) in shades of one colour."""
    alpha = sprite[..., 3].astype(np.float32)
    solid = np.maximum(alpha, 1)
    light = (sprite[..., 0] * np.float32(.3) + sprite[..., 1] * np.float32(.59) + sprite[..., 2] * np.float32(.11)) / solid
    mean = float((light * alpha).sum() / max(alpha.sum(), 1))
    contrast = 0.45 if colour in ("black", "white", "gray") else 0.7
    shade = np.clip(0.5 + (light - mean) * contrast, 0, 1)
    ramp = RAMPS[colour]
    out = np.empty_like(sprite)
    out[..., :3] = ramp[(shade * 255).astype(np.uint8)] * (alpha / 255)[..., None]
    out[..., 3] = sprite[..., 3]
    return out


def ramp(rgb):
    t, c = np.linspace(0, 1, 256, dtype=np.float32)[:, None], np.array(rgb, np.float32)
    return np.where(t < 0.5, c * (0.25 + 1.5 * t), c + (255 - c) * (t - 0.5) * 1.3)


RAMPS = {name: ramp(rgb) for name, rgb in COLOURS.items()}
