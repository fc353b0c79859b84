"""Lists the pictures of single things: what each shows, whose it is, and which part of the split it belongs to.

  catalogue.py WORK     reads WORK/npm and WORK/deb, writes WORK/catalogue.json
"""
import hashlib, json, os, re, sys
from names import ALIASES, SKIP_WORDS, SUBGROUPS

# Sets whose drawings of a thing are near copies of each other belong to one family and stay on one side of the split.
FAMILIES = {"fluent-emoji": "fluent", "fluent-emoji-flat": "fluent", "noto": "noto", "noto-v1": "noto-v1", "twemoji": "twemoji",
            "emojione": "emojione", "fxemoji": "fxemoji", "openmoji": "openmoji"}
HELD_OUT_STYLE = "openmoji"
HELD_OUT_SHARE = 0.12
CLIP_ART = ("animals", "food", "plants", "transportation", "tools", "buildings", "people/clothing", "electronics", "recreation/sports", "recreation/music", "education", "office", "containers", "recreation/toys", "decorations", "geography/astronomy")
NOT_CLIP_ART = ("aiga", "roadsigns", "_bw", "symbols", "outline", "sign")


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("’", "")).strip("-")


def fraction(*parts):
    return int(hashlib.sha256("/".join(parts).encode()).hexdigest()[:8], 16) / 2**32


def emoji_concepts(work):
    read = lambda path: json.load(open(f"{work}/npm/emojibase-data/{path}.json"))
    subgroups = read("meta/groups")["subgroups"]
    chinese = {e["hexcode"]: e for e in read("zh/data")}
    for e in read("en/data"):
        label, subgroup = e["label"], subgroups.get(str(e.get("subgroup")), "")
        if subgroup not in SUBGROUPS or label not in ALIASES and any(word in label for word in SKIP_WORDS):
            continue
        names = ALIASES.get(label, [label.lower().replace("’", "'")])
        # Tags are words that a prompt may use for it too ("fruit"); Chinese labels come from Unicode's CLDR as well.
        tags = [tag for tag in e.get("tags", []) if tag.isalpha() and len(tag) > 2]
        yield dict(hexcode=e["hexcode"], label=label, names=names, tags=sorted(set(tags)), zh=chinese.get(e["hexcode"], {}).get("label"),
                   weight=SUBGROUPS[subgroup], category=subgroup)


def icon_names(work):
    """Set → the icons it has, and hexcode → their names in the sets that say so."""
    sets, by_code = {}, {}
    for name in FAMILIES:
        folder = f"{work}/npm/@iconify-json-{name}"
        sets[name] = json.load(open(f"{folder}/icons.json"))
        path = f"{folder}/chars.json"
        for code, icon in (json.load(open(path)) if os.path.exists(path) else {}).items():
            by_code.setdefault(code.replace("-fe0f", ""), set()).add(icon)
    return sets, by_code


def main(work):
    concepts = {}   # main name → concept
    pictures = []
    sets, by_code = icon_names(work)

    def concept(name, **fields):
        known = concepts.setdefault(name, dict(name=name, names=[], tags=[], zh=None, weight=0, category=fields["category"]))
        known["names"] = list(dict.fromkeys(known["names"] + fields["names"]))
        known["tags"] = sorted(set(known["tags"]) | set(fields["tags"]))
        known["zh"] = known["zh"] or fields.get("zh")
        known["weight"] = max(known["weight"], fields["weight"])
        return known

    for e in emoji_concepts(work):
        candidates = {slug(e["label"]), *by_code.get(e["hexcode"].lower().replace("-fe0f", ""), ())}
        squeezed = {c.replace("-", "") for c in candidates}
        name = e["names"][0]
        for style, icons in sets.items():
            icon = next((c for c in sorted(candidates) if c in icons["icons"]), None)
            if icon is None and style == "fxemoji":
                icon = next((i for i in icons["icons"] if i in squeezed), None)
            if icon is None:
                continue
            family = FAMILIES[style]
            split = "style" if style == HELD_OUT_STYLE else "test" if fraction(name, family) < HELD_OUT_SHARE else "train"
            pictures.append(dict(concept=name, source=style, icon=icon, split=split))
        concept(name, **e)

    words_of = {}
    for name, c in concepts.items():
        for alias in c["names"]:
            words_of.setdefault(tuple(alias.split()), name)

    def clip_art():
        root = f"{work}/deb/openclipart-png/usr/share/openclipart/png"
        for folder, _, files in sorted(os.walk(root)):
            place = os.path.relpath(folder, root)
            for file in sorted(files):
                if not file.endswith(".png") or not place.startswith(CLIP_ART) or any(w in f"{place}/{file}" for w in NOT_CLIP_ART):
                    continue
                words = re.findall(r"[a-z]+", file[:-4].lower())
                # The longest known name in the file's name; authors' names come last.
                for length in (3, 2, 1):
                    found = next((words_of[tuple(words[i:i + length])] for i in range(0, max(0, min(3, len(words)) - length + 1)) if tuple(words[i:i + length]) in words_of), None)
                    if found:
                        yield "openclipart", found, os.path.join(folder, file)
                        break

    def stamps():
        root = f"{work}/deb/tuxpaint-stamps-default/usr/share/tuxpaint/stamps"
        for folder, _, files in sorted(os.walk(root)):
            if any(w in folder for w in ("symbols", "people", "military", "medical")):
                continue
            for file in sorted(files):
                base, kind = os.path.splitext(os.path.join(folder, file))
                if kind not in (".png", ".svg") or base.endswith(("_mirror", "_flip", "_mirror_flip")) or kind == ".svg" and os.path.exists(base + ".png") or not os.path.exists(base + ".txt"):
                    continue
                lines = open(base + ".txt", encoding="utf8", errors="replace").read().splitlines()
                said = re.sub(r"[.!?].*", "", lines[0]).strip().lower()
                said = re.sub(r"^(a pair of|a|an|the|some) ", "", said)
                zh = next((line.split("=", 1)[1].strip("。.！! ") for line in lines if line.startswith("zh_CN.utf8=")), None)
                name = words_of.get(tuple(said.split()))
                if name is None and 1 <= len(said.split()) <= 3 and said.replace(" ", "").isalpha():
                    last = said.split()[-1]
                    name, known = said, words_of.get((last,))
                    concept(name, names=[said, last] if known else [said], tags=concepts[known]["tags"] if known else [], zh=zh if zh and len(zh) < 7 else None, weight=0.7, category="stamp")
                if name:
                    yield "tuxpaint", name, base + kind

    for source, name, path in [*clip_art(), *stamps()]:
        split = "test" if fraction(name, path[len(work):]) < HELD_OUT_SHARE else "train"
        pictures.append(dict(concept=name, source=source, file=path[len(work) + 1:], split=split))

    # A thing can only be asked for in tests when training has shown it in another picture.
    trained = {p["concept"] for p in pictures if p["split"] == "train"}
    for p in pictures:
        if p["concept"] not in trained and p["split"] == "test":
            p["split"] = "train"; trained.add(p["concept"])
    pictures = [p for p in pictures if p["concept"] in trained]
    concepts = {name: c for name, c in concepts.items() if name in trained}
    json.dump(dict(concepts=list(concepts.values()), pictures=pictures), open(f"{work}/catalogue.json", "w"), ensure_ascii=False, indent=0)
    count = lambda key: {v: sum(p[key] == v for p in pictures) for v in sorted({p[key] for p in pictures})}
    print(len(concepts), "things,", len(pictures), "pictures", count("split"), count("source"))


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
