"""Spoils pictures, at a strength from 0 (nothing) to 1 (strong)."""
import io
import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def blur(image, s, r): return image.filter(ImageFilter.GaussianBlur(0.6 + 3.9 * s))
def noise(image, s, r): return array(np.asarray(image) + r.normal(0, 5 + 50 * s, (*image.size[::-1], 3 if r.random() < .6 else 1)))
def colour_cast(image, s, r):
    cast = r.normal(0, 1, 3); cast -= cast.mean(); cast /= np.abs(cast).max()
    return array(np.asarray(image) * (1 + (0.12 + 0.55 * s) * cast))
def dark(image, s, r): return array(np.asarray(image) * (0.72 - 0.55 * s))
def bright(image, s, r): return array(255 - (255 - np.asarray(image, np.float32)) * (0.7 - 0.55 * s) + 20 * s)
def flat(image, s, r): return array(128 + (np.asarray(image, np.float32) - 128) * (0.65 - 0.5 * s))
def banding(image, s, r):
    step = 256 / (14 - 10.5 * s)
    return array((np.asarray(image) // step + 0.5) * step)


def jpeg(image, s, r):
    file = io.BytesIO(); image.save(file, "JPEG", quality=int(22 - 19 * s), subsampling=2)
    return Image.open(file).convert("RGB")


def pixelated(image, s, r):
    w, h = image.size; k = 2.2 + 7 * s
    return image.resize((max(1, int(w / k)), max(1, int(h / k))), Image.Resampling.BOX).resize((w, h), Image.Resampling.NEAREST)


def squeezed(image, s, r):
    w, h = image.size; k = 1 - (0.25 + 0.4 * s)
    small = image.resize((w, int(h * k)) if r.random() < .5 else (int(w * k), h), Image.Resampling.BILINEAR)
    out = Image.new("RGB", (w, h), (0, 0, 0) if r.random() < .5 else (255, 255, 255)); out.paste(small, ((w - small.width) // 2, (h - small.height) // 2))
    return out


def watermark(image, s, r):
    w, h = image.size; layer = Image.new("RGBA", (w, h)); draw = ImageDraw.Draw(layer)
    tone, alpha = (255, 255, 255) if r.random() < .6 else (20, 20, 20), int(70 + 130 * s)
    word = "".join(chr(65 + c) for c in r.integers(0, 26, 6))
    for y in range(-10, h, int(h / (1.6 + 4 * s))):
        for x in range(int(r.integers(-60, 0)), w, int(w / (1.2 + 1.5 * s))): draw.text((x, y), word, fill=(*tone, alpha), font_size=int(h * (0.1 + .03 * s)))
    layer = layer.rotate(r.uniform(-30, 30))
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def bad_crop(image, s, r):
    w, h = image.size; k = 0.3 + 0.5 * s; bars = np.array(image)
    x = int(w * k / 2); side = bars[:, :x].copy(); bars[:, :-x or None] = bars[:, x:].copy() if x else bars; bars[:, w - x:] = side   # cut and put together wrongly
    return Image.fromarray(bars)


DEGRADATIONS = dict(blur=blur, noise=noise, jpeg=jpeg, pixelated=pixelated, colour_cast=colour_cast, dark=dark, bright=bright, flat=flat, banding=banding,
                    squeezed=squeezed, watermark=watermark, bad_crop=bad_crop)
STRENGTHS = dict(mild=0.1, medium=0.45, strong=0.9)


def array(values): return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def degrade(image, kind, strength, random): return DEGRADATIONS[kind](image, strength, random)
