"""Draws and cuts the backgrounds of the scenes: WORK/backgrounds.bin (256 × 256 RGB) and WORK/backgrounds.json.

  backgrounds.py WORK
"""
import glob, json, os, sys
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 256
DRAWN = 40          # of each kind; the last TEST of them are for tests
TEST = 5
CUTS = 6            # of each wallpaper

KINDS = {  # kind → (how captions place things in it, what it is called on its own, in Chinese)
    "beach": ("on a beach", "a beach", "海滩上"), "sunset": ("at sunset", "a sunset over the sea", "日落时"), "sea": ("at sea", "the sea", "海上"),
    "forest": ("in a forest", "a forest", "森林里"), "meadow": ("in a meadow", "a meadow", "草地上"), "mountains": ("in the mountains", "mountains", "山里"),
    "desert": ("in the desert", "a desert", "沙漠里"), "snow": ("in the snow", "a snowy landscape", "雪地里"), "night": ("at night", "a night sky with stars", "夜空下"),
    "city": ("in a city", "a city skyline", "城市里"), "table": ("on a wooden table", "an empty wooden table", "木桌上"), "room": ("in a room", "an empty room", "房间里"),
    "underwater": ("under water", "the bottom of the sea", "水下"), "road": ("on a road", "a road", "路上"),
}


class Brush:
    def __init__(self, random):
        self.random, self.image = random, Image.new("RGB", (SIZE, SIZE))
        self.draw = ImageDraw.Draw(self.image)

    def between(self, a, b):
        return a + (b - a) * self.random.random()

    def near(self, colour, spread=22):
        shift = self.random.normal(0, spread / 2, 3) + self.random.normal(0, spread / 2)
        return tuple(int(v) for v in np.clip(np.array(colour) + shift, 0, 255))

    def gradient(self, top, bottom, y0=0.0, y1=1.0):
        a, b = np.array(self.near(top)), np.array(self.near(bottom))
        y0, y1 = int(y0 * SIZE), max(int(y1 * SIZE), int(y0 * SIZE) + 1)
        rows = (a + (b - a) * np.linspace(0, 1, y1 - y0)[:, None]).astype(np.uint8)
        self.image.paste(Image.fromarray(np.repeat(rows[:, None], SIZE, 1)), (0, y0))

    def hill(self, base, height, colour, rough=3):
        x = np.linspace(0, 1, 40)
        y = sum(np.sin(x * 2 * np.pi * self.between(0.4, rough) + self.between(0, 6)) / (i + 1) for i in range(3))
        y = (base + height * y / 2) * SIZE
        self.draw.polygon([(0, SIZE), *[(x_ * SIZE, y_) for x_, y_ in zip(x, y)], (SIZE, SIZE)], fill=self.near(colour))

    def disc(self, x, y, r, colour):
        self.draw.ellipse([(x - r) * SIZE, (y - r) * SIZE, (x + r) * SIZE, (y + r) * SIZE], fill=self.near(colour, 10))

    def box(self, x0, y0, x1, y1, colour, spread=22):
        self.draw.rectangle([x0 * SIZE, y0 * SIZE, x1 * SIZE, y1 * SIZE], fill=self.near(colour, spread))

    def clouds(self, low=0.05, high=0.35):
        for _ in range(self.random.integers(0, 4)):
            x, y = self.between(0, 1), self.between(low, high)
            for _ in range(4):
                self.disc(x + self.between(-.07, .07), y + self.between(-.015, .015), self.between(.02, .05), (245, 248, 250))


def beach(b):
    h = b.between(.3, .5); b.gradient((90, 170, 235), (190, 225, 245), 0, h); b.clouds(high=h - .1)
    b.gradient((30, 110, 185), (90, 190, 200), h, .75); b.hill(b.between(.58, .75), .08, (236, 212, 155), 1.2)


def sunset(b):
    h = b.between(.5, .7); b.gradient(*[((60, 40, 110), (255, 165, 95)), ((200, 70, 90), (255, 205, 110)), ((95, 60, 130), (255, 120, 100))][b.random.integers(3)], 0, h)
    b.disc(b.between(.2, .8), h - b.between(-.03, .12), b.between(.07, .15), (255, 225, 130))
    b.gradient((215, 130, 100), (90, 70, 120), h, 1)
    for _ in range(b.random.integers(0, 6)):
        x, y = b.between(.2, .6), b.between(h + .03, .95); b.box(x, y, x + b.between(.1, .35), y + .008, (255, 215, 150))
    if b.random.random() < .4: b.hill(.88, .08, (225, 195, 145), 1.2)


def sea(b):
    h = b.between(.2, .45); b.gradient((110, 180, 235), (205, 230, 245), 0, h); b.clouds(high=h - .08); b.gradient((45, 125, 200), (15, 60, 130), h, 1)
    for _ in range(b.random.integers(4, 18)):
        x, y = b.between(0, .9), b.between(h + .04, 1); b.box(x, y, x + b.between(.03, .12), y + .008, (150, 205, 235))


def forest(b):
    b.gradient((150, 200, 190), (110, 160, 110))
    for layer in range(3):
        shade = np.array([(70, 125, 75), (45, 100, 55), (28, 75, 38)][layer])
        for _ in range(9):
            x, base, height, w = b.between(-.05, 1.05), .55 + .14 * layer, b.between(.35, .55), b.between(.06, .12)
            colour = b.near(shade, 14)
            b.box(x - .012, base - .05, x + .012, base + .05, (85, 60, 40))
            b.draw.polygon([((x - w) * SIZE, base * SIZE), (x * SIZE, (base - height) * SIZE), ((x + w) * SIZE, base * SIZE)], fill=colour)
    b.hill(.85, .05, (60, 95, 45), 2)


def meadow(b):
    h = b.between(.4, .6); b.gradient((115, 185, 240), (205, 232, 248), 0, 1); b.clouds(); b.hill(h, .1, (125, 190, 85), 1.5); b.hill(h + .15, .1, (95, 170, 60), 1.5)
    for _ in range(b.random.integers(0, 25)):
        b.disc(b.between(0, 1), b.between(h + .25, 1), .008, [(255, 255, 255), (250, 220, 70), (235, 110, 120)][b.random.integers(3)])


def mountains(b):
    b.gradient((120, 175, 225), (215, 230, 240))
    for layer, shade in enumerate([(150, 160, 185), (110, 120, 150), (80, 95, 110)]):
        for _ in range(3):
            x, w, top, base = b.between(0, 1), b.between(.25, .45), b.between(.15, .3) + .15 * layer, .95
            b.draw.polygon([((x - w) * SIZE, base * SIZE), (x * SIZE, top * SIZE), ((x + w) * SIZE, base * SIZE)], fill=b.near(shade, 18))
            if layer < 2:
                t = .25; b.draw.polygon([((x - w * t) * SIZE, (top + (base - top) * t) * SIZE), (x * SIZE, top * SIZE), ((x + w * t) * SIZE, (top + (base - top) * t) * SIZE)], fill=(245, 248, 252))
    b.hill(.85, .06, (95, 140, 80), 2)


def desert(b):
    b.gradient((95, 175, 230), (250, 225, 180)); b.hill(b.between(.5, .6), .12, (230, 185, 110), 1.2); b.hill(.68, .12, (215, 160, 85), 1.2); b.hill(.85, .1, (200, 140, 70), 1)
    if b.random.random() < .5: b.disc(b.between(.1, .9), b.between(.1, .3), .06, (255, 240, 190))


def snow(b):
    b.gradient((165, 190, 215), (225, 232, 240)); b.hill(b.between(.5, .65), .12, (225, 233, 243), 1.5); b.hill(.75, .1, (243, 247, 252), 1.5)
    for _ in range(b.random.integers(15, 50)): b.disc(b.between(0, 1), b.between(0, 1), b.between(.004, .011), (255, 255, 255))


def night(b):
    b.gradient((8, 10, 35), (35, 40, 90))
    for _ in range(b.random.integers(25, 80)): b.disc(b.between(0, 1), b.between(0, 1), b.between(.002, .007), (245, 240, 220))
    if b.random.random() < .4: b.hill(b.between(.8, .92), .08, (15, 20, 30), 2)


def city(b):
    b.gradient(*[((125, 175, 220), (220, 230, 240)), ((240, 180, 130), (245, 215, 180)), ((70, 80, 120), (150, 150, 180))][b.random.integers(3)])
    for layer, shade in enumerate([(150, 160, 180), (95, 105, 130)]):
        x = -.05
        while x < 1:
            w, top = b.between(.08, .18), b.between(.2, .55) + .1 * layer; b.box(x, top, x + w, .9, shade, 30)
            for i in range(int(w / .035)):
                for j in range(int((.85 - top) / .06)):
                    if b.random.random() < .6: b.box(x + .012 + .035 * i, top + .03 + .06 * j, x + .028 + .035 * i, top + .06 + .06 * j, (245, 225, 150), 10)
            x += w + b.between(0, .03)
    b.box(0, .88, 1, 1, (85, 88, 95))


def table(b):
    wall = [(246, 230, 208), (205, 220, 225), (220, 215, 235), (190, 205, 180), (235, 235, 235)][b.random.integers(5)]; h = b.between(.5, .72)
    b.gradient(wall, tuple(int(v * .92) for v in wall), 0, h); b.gradient((170, 115, 65), (100, 60, 30), h, 1)
    for _ in range(b.random.integers(0, 7)): y = b.between(h + .02, 1); b.box(0, y, 1, y + .006, (110, 68, 36))


def room(b):
    wall = [(225, 205, 180), (180, 205, 215), (215, 185, 190), (190, 205, 170), (205, 200, 220)][b.random.integers(5)]; h = b.between(.65, .8)
    b.gradient(wall, wall, 0, h); b.gradient((185, 165, 140), (150, 130, 105), h, 1); b.box(0, h - .025, 1, h, (245, 240, 232), 8)
    if b.random.random() < .8:
        x, y = b.between(.05, .6), b.between(.08, .2); b.box(x, y, x + .32, y + .34, (250, 248, 244), 6); b.box(x + .02, y + .02, x + .15, y + .32, (165, 210, 240)); b.box(x + .17, y + .02, x + .3, y + .32, (165, 210, 240))
    else: x, y = b.between(.1, .7), b.between(.1, .3); b.box(x, y, x + .2, y + .22, (110, 80, 55)); b.box(x + .02, y + .02, x + .18, y + .2, (200, 190, 150), 50)


def underwater(b):
    b.gradient((45, 150, 200), (8, 55, 110))
    for _ in range(b.random.integers(6, 25)): b.disc(b.between(0, 1), b.between(0, .9), b.between(.005, .02), (130, 205, 230))
    b.hill(.9, .06, (190, 175, 130), 2)
    for _ in range(b.random.integers(2, 8)):
        x, top = b.between(0, 1), b.between(.6, .85); b.draw.line([((x + .02 * np.sin(t * 6)) * SIZE, (1 - (1 - top) * t) * SIZE) for t in np.linspace(0, 1, 12)], fill=b.near((40, 130, 80)), width=5)


def road(b):
    h = b.between(.4, .55); b.gradient((130, 190, 235), (215, 232, 245), 0, h); b.clouds(high=h - .1); b.box(0, h, 1, 1, (120, 165, 85)); c = b.between(.35, .65)
    b.draw.polygon([((c - .03) * SIZE, h * SIZE), ((c + .03) * SIZE, h * SIZE), (1.05 * SIZE, SIZE), (-.05 * SIZE, SIZE)], fill=b.near((95, 95, 100), 14))
    for i in range(5):
        t, u = (i / 5) ** 1.5, ((i + .5) / 5) ** 1.5; x = lambda s: (c + (.5 - c) * s) * SIZE; y = lambda s: (h + (1 - h) * s) * SIZE
        b.draw.polygon([(x(t) - 6 * t, y(t)), (x(t) + 6 * t, y(t)), (x(u) + 6 * u, y(u)), (x(u) - 6 * u, y(u))], fill=(240, 240, 225))


def plain(b, colour):
    if b.random.random() < .5: b.gradient(colour, colour)
    else: b.gradient(colour, tuple(int(v * .8) for v in colour))


def drawn(kind, i):
    b = Brush(np.random.default_rng([sum(map(ord, kind)), i]))
    globals()[kind](b)
    return np.asarray(b.image.filter(ImageFilter.SMOOTH))


def wallpapers(work):
    found = {}
    for path in sorted(glob.glob(f"{work}/deb/*/usr/share/backgrounds/**/*", recursive=True) + glob.glob(f"{work}/deb/*/usr/share/wallpapers/*/contents/images*/*")):
        if path.lower().endswith((".jpg", ".png", ".webp")):
            name = path.split("/wallpapers/")[1].split("/")[0] if "/wallpapers/" in path else os.path.basename(path).split("_")[0]
            found.setdefault(name, path)
    return list(found.items())


def main(work):
    rows, blob = [], open(f"{work}/backgrounds.bin", "wb")
    for kind in KINDS:
        for i in range(DRAWN):
            blob.write(drawn(kind, i).tobytes()); rows.append(dict(kind=kind, split="test" if i >= DRAWN - TEST else "train"))
    papers = wallpapers(work)
    for n, (name, path) in enumerate(papers):
        image = Image.open(path); image.draft("RGB", (1024, 1024)); image = image.convert("RGB"); random = np.random.default_rng(n)
        image.thumbnail((1400, 900), Image.Resampling.LANCZOS)
        for _ in range(CUTS):
            side = int(min(image.size) * (.45 + .55 * random.random())); x, y = (int(random.random() * (s - side + 1)) for s in image.size)
            blob.write(np.asarray(image.crop((x, y, x + side, y + side)).resize((SIZE, SIZE), Image.Resampling.LANCZOS)).tobytes())
            rows.append(dict(kind="photo", source=name, split="test" if n % 8 == 0 else "train"))
    blob.close(); json.dump(dict(size=SIZE, backgrounds=rows), open(f"{work}/backgrounds.json", "w"))
    print(len(rows), "backgrounds,", len(papers), "wallpapers")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
