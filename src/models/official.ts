/** The models of the paper (ICCV 2025, arXiv 2507.19002) on the Hugging Face hub, and the files that conversion reads. */
export const OFFICIAL_MODELS: Readonly<Record<OfficialName, OfficialModel>> = {
  /** The whole CLIPModel state dict of ICT, fp32. */
  ict: { repository: '8y/ICT', revision: 'main', files: ['pytorch_model.bin'] },
  /** HP: a CLIPModel state dict, of which the vision tower is used, and the head. */
  hp: {
    repository: '8y/HP',
    revision: 'main',
    files: ['hp_backbone/pytorch_model.bin', 'hp_scorer/mlp_pytorch_model.bin'],
  },
  /** The CLIP that both were trained from; only its shape is needed. */
  base: { repository: 'laion/CLIP-ViT-H-14-laion2B-s32B-b79K', revision: 'main', files: ['config.json'] },
}

/** Of the authors' code repository. */
export const OFFICIAL_LICENSE = 'MIT'

export type OfficialName = 'ict' | 'hp' | 'base'

export interface OfficialModel {
  readonly repository: string
  readonly revision: string
  readonly files: readonly string[]
}
