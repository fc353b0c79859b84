"""Drives a reference script's classes for the benchmarks: loads once, then one command a line on stdin, one answer a line on stdout.

  reference-driver.py '{"script": FILE, "mode": "scores" | "gpu" | "pixels", "models": DIR, "dtype": "float32", "threads": 2}'

The script is a module with Reference(models, dtype) (image, text, pixels) and processor(). All seconds are measured here.
"""
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
import importlib.util, io, json, multiprocessing, os, resource, sys, time

# Whatever a library prints must not come between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def answer(values):
    answers.write(json.dumps(values) + "\n"); answers.flush()


def timed(task):
    start = time.perf_counter(); task(); return time.perf_counter() - start


def versions():
    import PIL, torch, transformers
    return dict(python=sys.version.split()[0], torch=torch.__version__, transformers=transformers.__version__, Pillow=PIL.__version__)


class Scores:
    def __init__(self, script, settings):
        import torch
        if settings.get("threads"): torch.set_num_threads(settings["threads"])
        self.load_seconds = timed(lambda: setattr(self, "reference", script.Reference(settings["models"], getattr(torch, settings["dtype"]))))

    def ready(self):
        return dict(loadSeconds=self.load_seconds)

    def pairs(self, pairs):
        """The published way: one image and its prompt at a time, with both models."""
        def work():
            for pair in pairs:
                self.reference.image(self.reference.pixels(pair["image"])); self.reference.text(pair["prompt"])
        return dict(seconds=timed(work))


class Gpu:
    def __init__(self, script, settings):
        import torch
        if not torch.cuda.is_available(): raise RuntimeError("PyTorch sees no CUDA device: " + ("it was built without CUDA" if torch.version.cuda is None else "no driver or no card"))
        self.torch, self.dtype = torch, getattr(torch, settings["dtype"])
        self.script, start = script, time.perf_counter()
        self.reference = script.Reference(settings["models"], self.dtype)
        for model in (self.reference.ict, self.reference.backbone):
            if hasattr(model, "set_attn_implementation"): model.set_attn_implementation("sdpa")
        self.reference.ict.cpu(); self.reference.backbone.cuda(); self.reference.head.cuda()
        self.load_seconds = time.perf_counter() - start

    def ready(self):
        vision = self.reference.backbone.config.vision_config
        return dict(loadSeconds=self.load_seconds, card=self.torch.cuda.get_device_name(0), attention=str(getattr(vision, "_attn_implementation", "unknown")))

    def images(self, batch, runs):
        """HP's tower and head on tensors that lie ready in main memory, there and back, as on the other side."""
        torch, reference = self.torch, self.reference
        pixels = torch.randn(batch, 3, 224, 224).pin_memory()

        @torch.no_grad()
        def work():
            for _ in range(runs):
                embeds = self.script.embeds(reference.backbone.get_image_features(pixel_values=pixels.to("cuda", self.dtype, non_blocking=True)))
                embeds.float().cpu(), reference.head(embeds).float().cpu()
            torch.cuda.synchronize()
        return dict(seconds=timed(work))


def crop(path):
    """Decodes, resizes and crops one file: what the towers see, as bytes."""
    from PIL import Image
    image = Image.open(path).convert("RGB")
    short = min(image.size); size = tuple(224 * side // short for side in image.size)
    left, top = (size[0] - 224) // 2, (size[1] - 224) // 2
    return image.resize(size, Image.Resampling.BICUBIC).crop((left, top, left + 224, top + 224)).tobytes()


def pixel_values(path):
    from PIL import Image
    return processor(images=Image.open(path).convert("RGB"), return_tensors="np")["pixel_values"]


def in_pool(script_processor, parent):
    global processor
    import threading, torch; torch.set_num_threads(1)
    processor = script_processor

    def leave_with_parent():  # a pool outlives a parent that was killed
        while os.getppid() == parent: time.sleep(1)
        os._exit(1)
    threading.Thread(target=leave_with_parent, daemon=True).start()


class Pixels:
    def __init__(self, script, settings):
        import torch
        torch.set_num_threads(1)
        self.processor, self.pools = script.processor(), {}

    def ready(self):
        return {}

    def preprocess(self, image, repeat, step):
        """One thread, from the file's bytes in memory: the mean of `repeat` times decoding, resizing to tensors, or both."""
        from PIL import Image
        data = open(image, "rb").read()
        decode = lambda: Image.open(io.BytesIO(data)).convert("RGB")
        process = lambda picture: self.processor(images=picture, return_tensors="pt")
        whole = decode()
        task = dict(decode=decode, resize=lambda: process(whole), whole=lambda: process(decode()))[step]
        return dict(seconds=timed(lambda: [task() for _ in range(repeat)]) / repeat)

    def pool(self, images, processes, work):
        """A multiprocessing pool over files: `crop` with Pillow alone, `pixels` with the processor."""
        if processes not in self.pools:
            context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
            self.pools[processes] = context.Pool(processes, in_pool, (self.processor, os.getpid()))
        task = crop if work == "crop" else pixel_values
        return dict(seconds=timed(lambda: [None for _ in self.pools[processes].imap_unordered(task, images, chunksize=1)]))


def main():
    settings = json.loads(sys.argv[1])
    start = time.perf_counter()
    spec = importlib.util.spec_from_file_location("reference_script", settings["script"])
    script = importlib.util.module_from_spec(spec); spec.loader.exec_module(script)
    import_seconds = time.perf_counter() - start
    driver = dict(scores=Scores, gpu=Gpu, pixels=Pixels)[settings["mode"]](script, settings)
    import torch
    answer(dict(importSeconds=import_seconds, threads=torch.get_num_threads(), versions=versions(), **driver.ready()))
    for line in sys.stdin:
        command = json.loads(line)
        name = command.pop("do")
        if name == "memory": answer(dict(peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)))
        else: answer(getattr(driver, name)(**command))


try:
    main()
except Exception as error:
    answer(dict(error=f"{type(error).__name__}: {error}"))
    sys.exit(1)
