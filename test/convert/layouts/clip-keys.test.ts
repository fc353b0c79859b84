import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CheckpointError } from '../../../src/base/errors.ts'
import { openCheckpoint } from '../../../src/checkpoint/checkpoint.ts'
import { parseClipConfig } from '../../../src/convert/config/clip-config.ts'
import { checkKeys, expectedKeys, headKeys, type KeyCheck } from '../../../src/convert/layouts/clip-keys.ts'
import { checkpointOf } from '../checkpoint-of.ts'

interface Reference {
  small: unknown
  keys: Record<string, number[]>
  head: Record<string, number[]>
}
const reference = JSON.parse(
  readFileSync(new URL('../../fixtures/clip/clip.json', import.meta.url), 'utf8'),
) as Reference
const expected = expectedKeys(parseClipConfig(reference.small, 'config.json'))
const tiny = new URL('../../../../shared/golden/tiny/', import.meta.url)

function mismatch(check: KeyCheck): CheckpointError {
  try {
    checkKeys(check)
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    expect((error as CheckpointError).code).toBe('checkpoint_keys')
    return error as CheckpointError
  }
  throw new Error('the keys were accepted')
}

describe('expected keys', () => {
  it("are those of transformers' CLIPModel", () => {
    expect(Object.fromEntries(expected)).toEqual(reference.keys)
  })
  it("are those of HP's head", () => {
    expect(Object.fromEntries(headKeys())).toEqual(reference.head)
  })
})

describe('checkKeys', () => {
  const whole = (): ReturnType<typeof checkpointOf> => checkpointOf(expected)

  it('resolves every key of a whole checkpoint, whatever its order', () => {
    const checked = checkKeys({ checkpoint: checkpointOf([...expected].reverse()), expected, part: 'clip' })
    expect([...checked.tensors.keys()]).toEqual([...expected.keys()])
    expect([checked.fromBase, checked.unused]).toEqual([[], []])
  })

  it('lets go of the position buffers of old checkpoints', () => {
    const checkpoint = whole()
      .with('text_model.embeddings.position_ids', [1, 12], 'int64')
      .with('vision_model.embeddings.position_ids', [1, 10], 'int64')
    const { unused } = checkKeys({ checkpoint, expected, part: 'clip' })
    expect(unused).toEqual(['text_model.embeddings.position_ids', 'vision_model.embeddings.position_ids'])
  })

  it("lets go of AveragedModel's counter", () => {
    const checkpoint = whole().with('n_averaged', [], 'int64')
    expect(checkKeys({ checkpoint, expected, part: 'clip' }).unused).toEqual(['n_averaged'])
  })

  it('takes what ICT lacks from the base only, and reports it', () => {
    const checkpoint = whole().without('logit_scale').without('text_projection.weight')
    const error = mismatch({ checkpoint, expected, part: 'clip' })
    expect(error.details).toMatchObject({
      missing: ['logit_scale', 'text_projection.weight'],
      counts: { missing: 2, unexpected: 0, misshapen: 0 },
    })
    expect(error.message).toContain('--base')
    const base = whole()
    const checked = checkKeys({ checkpoint, base, expected, part: 'clip' })
    expect(checked.fromBase).toEqual(['logit_scale', 'text_projection.weight'])
    expect(checked.tensors.get('logit_scale')).toBe(base.tensors.get('logit_scale'))
    expect(checked.tensors.get('visual_projection.weight')).toBe(
      checkpoint.tensors.get('visual_projection.weight'),
    )
  })

  it("needs only the vision tower of HP's backbone, whole and its own", () => {
    const vision = [...expected].filter(([name]) => /^vis/.test(name))
    const checked = checkKeys({ checkpoint: whole(), expected, part: 'clip-vision' })
    expect([...checked.tensors.keys()]).toEqual(vision.map(([name]) => name))
    expect(checked.unused.length).toBe(expected.size - vision.length)
    expect(checkKeys({ checkpoint: checkpointOf(vision), expected, part: 'clip-vision' }).unused).toEqual([])
    const lacking = checkpointOf(vision).without('visual_projection.weight')
    expect(
      mismatch({ checkpoint: lacking, base: whole(), expected, part: 'clip-vision' }).details['missing'],
    ).toEqual(['visual_projection.weight'])
  })

  it('refuses other shapes and kinds of number, also in the base', () => {
    const checkpoint = whole().with('logit_scale', [1]).with('vision_model.pre_layrnorm.bias', [32], 'int8')
    expect(mismatch({ checkpoint, expected, part: 'clip' }).details['misshapen']).toEqual([
      'logit_scale: float32 [1], expected floats []',
      'vision_model.pre_layrnorm.bias: int8 [32], expected floats [32]',
    ])
    const lacking = whole().without('logit_scale')
    expect(
      mismatch({ checkpoint: lacking, base: whole().with('logit_scale', [3]), expected, part: 'clip' })
        .message,
    ).toContain('[3]')
  })

  it('refuses what it does not know, and shows twenty of each kind', () => {
    const checkpoint = checkpointOf(Array.from({ length: 30 }, (_, i) => [`mystery.${i}`, [1]] as const))
    const error = mismatch({ checkpoint, expected, part: 'clip' })
    expect(error.details['counts']).toEqual({ missing: expected.size, unexpected: 30, misshapen: 0 })
    expect(error.details['unexpected']).toHaveLength(20)
    expect(error.message).toContain(`${expected.size} missing:\n  logit_scale\n`)
    expect(error.message).toContain('  mystery.19\n  … and 10 more')
  })

  it('says so where the file is of another kind', () => {
    const openClip = checkpointOf([['visual.transformer.resblocks.0.ln_1.weight', [32]]])
    expect(mismatch({ checkpoint: openClip, expected, part: 'clip' }).message).toContain(
      "open_clip's or OpenAI's names",
    )
    expect(
      mismatch({ checkpoint: checkpointOf(headKeys()), expected, part: 'clip-vision' }).message,
    ).toContain("looks like HP's head")
    expect(mismatch({ checkpoint: whole(), expected: headKeys(), part: 'head' }).message).toContain(
      'looks like a CLIP backbone',
    )
  })
})

describe.skipIf(!existsSync(tiny))('the shared tiny model', () => {
  it('has every key that each part needs', async () => {
    const path = (name: string): string => fileURLToPath(new URL(name, tiny))
    const config = parseClipConfig(JSON.parse(readFileSync(path('base/config.json'), 'utf8')), 'config.json')
    await using ict = await openCheckpoint(path('ICT'))
    await using backbone = await openCheckpoint(path('HP/hp_backbone'))
    await using head = await openCheckpoint(path('HP/hp_scorer'))
    expect(checkKeys({ checkpoint: ict, expected: expectedKeys(config), part: 'clip' }).tensors.size).toBe(
      ict.tensors.size,
    )
    expect(
      checkKeys({ checkpoint: backbone, expected: expectedKeys(config), part: 'clip-vision' }).tensors.size,
    ).toBe(56)
    expect(
      checkKeys({ checkpoint: head, expected: headKeys(config.projectionDim), part: 'head' }).tensors.size,
    ).toBe(10)
  })
})
