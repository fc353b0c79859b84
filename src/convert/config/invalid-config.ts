import { CheckpointError } from '../../base/errors.ts'

/** That `where` describes no model that can be converted; `pass`: another config helps. */
export function invalidConfig(where: string, why: string, pass = false): CheckpointError {
  const remedy = pass
    ? 'Put the config.json of the base model beside the weights, or pass it (--base).'
    : 'Use the config.json that belongs to the checkpoint (8y/ICT, 8y/HP: that of laion/CLIP-ViT-H-14-laion2B-s32B-b79K).'
  return new CheckpointError(
    'checkpoint_config',
    `${where} does not describe a CLIP model that can be converted: ${why}. ${remedy}`,
    { where },
  )
}
