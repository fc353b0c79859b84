"""The towers, as transformers' CLIPModel has them, with a start that suits small data; and the tokenizer."""
import numpy as np
import torch
from open_clip_tokenizer import SimpleTokenizer
from transformers import CLIPConfig, CLIPModel

PATCH, SIDE, PROJECTION, UNKNOWN = 32, 7, 256, 0   # token 0 is "!", and what every token that training never saw becomes
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).repeat_interleave(PATCH * PATCH) * 255
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).repeat_interleave(PATCH * PATCH) * 255
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
# Where the processor has no arithmetic for it, bfloat16 is ten times slower than float32.
HALF = DEVICE == "cuda" or torch.cpu._is_avx512_bf16_supported()


def config(vision_layers=6):
    text = dict(hidden_size=96, intermediate_size=384, num_hidden_layers=4, num_attention_heads=2, hidden_act="gelu", projection_dim=PROJECTION,
                vocab_size=49408, max_position_embeddings=77, bos_token_id=0, eos_token_id=2)
    vision = dict(hidden_size=192, intermediate_size=768, num_hidden_layers=vision_layers, num_attention_heads=3, patch_size=PATCH, image_size=224,
                  hidden_act="gelu", projection_dim=PROJECTION)
    return CLIPConfig(projection_dim=PROJECTION, text_config=text, vision_config=vision)


def autocast():
    return torch.autocast(DEVICE, torch.bfloat16, enabled=HALF)


def patches_of(images):
    """uint8 N × 224 × 224 × 3 → uint8 N × 49 × 3072, each patch as the convolution's kernel lies."""
    return images.view(-1, SIDE, PATCH, SIDE, PATCH, 3).permute(0, 1, 3, 5, 2, 4).reshape(len(images), SIDE * SIDE, -1)


def normalised_pixels(patches):
    return patches.float().sub_(MEAN.to(patches.device)).div_(STD.to(patches.device))


def start(model, images):
    """Patches are first seen through their principal components, and know where they lie."""
    patches = patches_of(images).flatten(0, 1)
    patches = normalised_pixels(patches[torch.randperm(len(patches))[:8000]])
    embeddings = model.vision_model.embeddings
    width = embeddings.patch_embedding.weight.shape[0]
    _, values, vectors = torch.pca_lowrank(patches, width, niter=2)
    values = values ** 2 / len(patches)
    whitened = (vectors / (values + values[width // 4]).sqrt()).T
    y, x = np.mgrid[0:SIDE, 0:SIDE].reshape(2, -1, 1)
    waves = np.pi / SIDE * 2.0 ** np.linspace(-1, 2, width // 4)
    grid = np.concatenate([np.sin(x * waves), np.cos(x * waves), np.sin(y * waves), np.cos(y * waves)], 1)
    with torch.no_grad():
        embeddings.patch_embedding.weight.copy_(whitened.view(width, 3, PATCH, PATCH))
        embeddings.position_embedding.weight[1:].copy_(torch.from_numpy(grid).float() * 0.3)
        model.text_model.embeddings.token_embedding.weight.normal_(0, 0.05)


def vision(model, images, keep=None):
    """Projected embeddings, not normalised, and the state they are projected from; of `keep` patches picked at random."""
    tower, patches = model.vision_model, patches_of(images)
    kernel = tower.embeddings.patch_embedding.weight
    first, places = tower.embeddings.position_embedding.weight.split([1, SIDE * SIDE])
    where = places.expand(len(images), -1, -1)
    if keep is not None:
        picked = torch.rand(len(patches), SIDE * SIDE, device=patches.device).argsort(1)[:, :keep, None]
        patches = patches.gather(1, picked.expand(-1, -1, patches.shape[2]))
        where = where.gather(1, picked.expand(-1, -1, where.shape[2]))
    hidden = normalised_pixels(patches) @ kernel.flatten(1).T + where
    hidden = torch.cat([(tower.embeddings.class_embedding + first).expand(len(images), 1, -1), hidden], 1)
    hidden = tower.encoder(inputs_embeds=tower.pre_layrnorm(hidden)).last_hidden_state
    pooled = tower.post_layernorm(hidden[:, 0])
    return model.visual_projection(pooled), pooled


def text(model, ids):
    features = model.get_text_features(input_ids=ids)
    return features if torch.is_tensor(features) else features.pooler_output


def normalised(x):
    return torch.nn.functional.normalize(x, dim=-1)


class Tokens:
    def __init__(self):
        self.tokenizer, self.known = SimpleTokenizer(), {}

    def __call__(self, texts):
        """Padded to the longest."""
        ids = self.tokenizer(texts)
        return ids[:, : int((ids != 0).sum(1).max())] if isinstance(ids, torch.Tensor) else ids
