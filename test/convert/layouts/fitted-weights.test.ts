import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { CheckpointError } from '../../../src/base/errors.ts'
import { parseClipConfig } from '../../../src/convert/config/clip-config.ts'
import {
  checkKeys,
  type CheckpointPart,
  expectedKeys,
  headKeys,
} from '../../../src/convert/layouts/clip-keys.ts'
import {
  type FitOptions,
  type FittedWeights,
  fitWeights,
} from '../../../src/convert/layouts/fitted-weights.ts'
import { checkpointOf } from '../checkpoint-of.ts'

// Keys are found by fitting all names of a checkpoint onto those of the model: no wrapper is known by its name.
const { small } = JSON.parse(
  readFileSync(new URL('../../fixtures/clip/clip.json', import.meta.url), 'utf8'),
) as {
  small: unknown
}
const clip = expectedKeys(parseClipConfig(small, 'config.json'))
const head = headKeys()

type Shapes = ReadonlyMap<string, readonly number[]>
const renamed = (keys: Shapes, rename: (key: string) => string): [string, readonly number[]][] =>
  [...keys].map(([key, shape]) => [rename(key), shape])

function fit(
  shapes: Iterable<readonly [string, readonly number[]]>,
  part: CheckpointPart = 'clip',
  options: FitOptions = {},
): FittedWeights {
  return fitWeights(checkpointOf(shapes), part, options)
}

/** The keys of a fit, in order, are those of the model, and each has the tensor of the name that was made of it. */
function expectWhole(
  fitted: FittedWeights,
  keys: Shapes,
  part: CheckpointPart,
  rename: (key: string) => string,
): void {
  const { tensors, unused } = checkKeys({ checkpoint: fitted, expected: keys, part })
  expect([...tensors.keys()].sort()).toEqual([...keys.keys()].sort())
  for (const [key, tensor] of tensors) expect(tensor.name).toBe(rename(key))
  expect(unused).toEqual([])
}

function refusal(run: () => unknown): CheckpointError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    return error as CheckpointError
  }
  throw new Error('it was accepted')
}

const before = (root: string) => (key: string) => root + key
const within = (segment: string, place: RegExp) => (key: string) =>
  key.replace(place, (found) => `${found}${segment}.`)
const both =
  (...renames: readonly ((key: string) => string)[]) =>
  (key: string) =>
    renames.reduce((name, rename) => rename(name), key)

const LAYER = /encoder\.layers\.\d+\./
const TOWER = /^(vision|text)_model\./

describe('a CLIPModel', () => {
  const cases: [says: string, rename: (key: string) => string, roots: string[], inner: string[]][] = [
    ...[
      '',
      'net.',
      'student.',
      'base_model.',
      '_fsdp_wrapped_module.',
      'module._orig_mod.model.',
      'a.b.c.',
    ].map((root): (typeof cases)[0] => [`below ${root || 'nothing'}`, before(root), [root], []]),
    ['torch.compile of its towers', within('_orig_mod', TOWER), [''], ['_orig_mod']],
    [
      'checkpointed layers',
      within('_checkpoint_wrapped_module', LAYER),
      [''],
      ['_checkpoint_wrapped_module'],
    ],
    [
      'FSDP, its layers and itself',
      both(within('_fsdp_wrapped_module', LAYER), before('_fsdp_wrapped_module.')),
      ['_fsdp_wrapped_module.'],
      ['_fsdp_wrapped_module'],
    ],
    [
      'three wrappers in one name',
      both(
        within('_checkpoint_wrapped_module', LAYER),
        within('_orig_mod', /(self_attn|mlp)\./),
        within('module', TOWER),
        before('net.'),
      ),
      ['net.'],
      ['module', '_checkpoint_wrapped_module', '_orig_mod'],
    ],
    ['a wrapped embedding', within('module', /token_embedding\./), [''], ['module']],
    [
      'towers in two modules',
      (key) => (key.startsWith('text') ? 'textual.' : 'visual.') + key,
      ['visual.', 'textual.'],
      [],
    ],
    [
      'towers in modules of their own names',
      (key) => (key.startsWith('vis') ? 'vision_model.' : 'text_model.') + key,
      ['vision_model.', 'text_model.'],
      [],
    ],
  ]
  it.each(cases)('%s', (_, rename, roots, inner) => {
    const fitted = fit(renamed(clip, rename))
    expectWhole(fitted, clip, 'clip', rename)
    expect([...fitted.roots].sort()).toEqual([...roots].sort())
    expect([...fitted.inner].sort()).toEqual([...inner].sort())
  })

  it('lets go of position buffers below a wrapper, too', () => {
    const buffer = 'vision_model.embeddings.position_ids'
    const fitted = fit([...renamed(clip, before('net.')), [`net.${buffer}`, [1, 10]]])
    expect(checkKeys({ checkpoint: fitted, expected: clip, part: 'clip' }).unused).toEqual([buffer])
  })

  it.each([
    ['beside it', 'loss.weight', 'loss.weight'],
    ['below its wrapper', 'net.loss.weight', 'loss.weight'],
    ['a layer too many', 'net.vision_model.encoder.layers.99.layer_norm1.weight', /layers\.99/],
    ['the same weight twice', 'net.vision_model.encoder.layers.0.module.layer_norm1.weight', /0\.module/],
  ])('what is no weight of it is unexpected: %s', (_, name, says) => {
    const fitted = fit([...renamed(clip, before('net.')), [name, [3]]])
    const error = refusal(() => checkKeys({ checkpoint: fitted, expected: clip, part: 'clip' }))
    expect(error.details['counts']).toEqual({ missing: 0, unexpected: 1, misshapen: 0 })
    expect(error.message).toMatch(says)
    expect(error.message).toContain('--weights-key net')
  })

  it('a name of what all lies under leaves out what does not', () => {
    const shapes = [...renamed(clip, before('net.')), ['loss.weight', [3]] as const]
    expectWhole(fit(shapes, 'clip', { weightsKey: 'net' }), clip, 'clip', before('net.'))
  })
})

describe("HP's head", () => {
  it.each(['layers.', 'mlp.layers.', 'scorer.', '', 'model.scorer.net.'])('as %sN', (root) => {
    const rename = (key: string): string => key.replace('layers.', root)
    expectWhole(fit(renamed(head, rename), 'head'), head, 'head', rename)
  })

  it('wrapped within', () => {
    const rename = within('_orig_mod', /layers\.\d\./)
    expectWhole(fit(renamed(head, rename), 'head'), head, 'head', rename)
  })

  it('of other numbers is another head', () => {
    const shapes = renamed(head, (key) => key.replace('layers.6', 'layers.5'))
    const error = refusal(() => checkKeys({ checkpoint: fit(shapes, 'head'), expected: head, part: 'head' }))
    expect(error.details['missing']).toEqual(['layers.6.weight', 'layers.6.bias'])
  })

  it('in one file with its backbone', () => {
    const shapes = [
      ...renamed(clip, before('backbone.')),
      ...renamed(head, (key) => key.replace('layers', 'mlp')),
    ]
    expectWhole(fit(shapes, 'head', { beside: 'clip-vision' }), head, 'head', (key) =>
      key.replace('layers', 'mlp'),
    )
    const backbone = fit(shapes, 'clip-vision', { beside: 'head' })
    expect(
      checkKeys({ checkpoint: backbone, expected: clip, part: 'clip-vision' }).tensors.size,
    ).toBeGreaterThan(50)
  })
})

describe('two sets of weights in one dict', () => {
  const sets = (...roots: string[]): [string, readonly number[]][] =>
    roots.flatMap((root) => renamed(clip, before(root)))

  it.each([
    [['model.', 'ema_model.'], 'model, ema_model'],
    [['params.', 'params_ema.'], 'params, params_ema'],
    [['', 'ema.'], '(the top), ema'],
    [['student.net.', 'teacher.net.', 'average.'], 'student.net, teacher.net, average'],
  ])('%j: none is taken unasked', (roots, list) => {
    const error = refusal(() => fit(sets(...roots)))
    expect(error).toMatchObject({ code: 'checkpoint_unreadable', details: { keys: list.split(', ') } })
    expect(error.message).toContain(`(${list})`)
    expect(error.message).toContain('--weights-key')
  })

  it.each([
    [['model.', 'ema_model.'], 'model', 'model.'],
    [['model.', 'ema_model.'], 'ema_model', 'ema_model.'],
    [['model.', 'model.ema.'], 'model', 'model.'],
    [['model.', 'model.ema.'], 'ema', 'model.ema.'],
    [['', 'ema.'], 'ema', 'ema.'],
    [['student.net.', 'teacher.net.'], 'teacher', 'teacher.net.'],
  ])('%j: %s is taken where it is named', (roots, weightsKey, root) => {
    const fitted = fit(sets(...roots), 'clip', { weightsKey })
    expectWhole(fitted, clip, 'clip', before(root))
    expect([fitted.roots, fitted.isNamed]).toEqual([[root], true])
  })

  it.each([
    ['ema', 'none called "ema"'],
    ['net', 'more than one has "net" in its name'],
  ])('a key that names none of them alone gets those that are there: %s', (weightsKey, says) => {
    const error = refusal(() => fit(sets('student.net.', 'teacher.net.'), 'clip', { weightsKey }))
    expect(error.message).toContain('(student.net, teacher.net)')
    expect(error.message).toContain(says)
  })

  it.each(['', 'model.'])('one weight that a loss has for itself is no set: below %j', (root) => {
    const shapes = [...renamed(clip, before(root)), ['loss.logit_scale', []] as const]
    const fitted = fit(shapes)
    expect(fitted.roots).toEqual([root])
    const error = refusal(() => checkKeys({ checkpoint: fitted, expected: clip, part: 'clip' }))
    expect(error.message).toContain('1 unexpected:\n  loss.logit_scale')
  })

  it('only what HP needs counts', () => {
    const text = new Map([...clip].filter(([key]) => key.startsWith('text')))
    const shapes = [...renamed(clip, before('a.')), ...renamed(text, before('b.'))]
    expect(fit(shapes, 'clip-vision').tensors.has('visual_projection.weight')).toBe(true)
    expect(refusal(() => fit(shapes)).message).toContain('(a, b)')
  })
})

test('names by the hundred thousand are not looked at for long', () => {
  const shapes = Array.from({ length: 60_000 }, (_, i) => [`a.${i}.weight`, []] as const)
  expect(fit(shapes).roots).toEqual([''])
})
