import type { IcthpError } from '../base/errors.ts'
import { InputError, ModelError, show } from '../base/errors.ts'
import { dot, sigmoid } from './embeddings.ts'

/** The reward models that icthp knows from the start; others are registered. */
export const OFFICIAL_KINDS = ['ict', 'hp'] as const
export type OfficialKind = (typeof OFFICIAL_KINDS)[number]
/** A reward model's short name: its key in results, its folder, its options. */
export type ModelKind = OfficialKind | (string & {})
export type TowerName = 'vision' | 'text'

/** Something for some of the reward models. */
export interface PerKind<T> {
  ict?: T
  hp?: T
  [name: string]: T | undefined
}

interface KindBase {
  /** In lower case: the key of its scores, the folder that its files lie in, `--only NAME`, `--min-NAME`. */
  readonly name: ModelKind
  /** As people read it. */
  readonly label: string
  /** What a score says, in a few words. */
  readonly about: string
  /** The lowest and the highest score. */
  readonly range: readonly [number, number]
  /** A threshold that was published. */
  readonly threshold?: number
}

/** A model that compares an image with a prompt: two towers, and a number of their embeddings. */
export interface TextKind extends KindBase {
  readonly takesPrompt: true
  /** The score of L2-normalised embeddings of a text and of an image. */
  similarity(text: Float32Array, image: Float32Array): number
}

/** A model that judges the image alone: one tower with a head, whose logit is the graph's second output. */
export interface HeadKind extends KindBase {
  readonly takesPrompt: false
  /** The score of a logit, which is unbounded. */
  fromLogit(logit: number): number
}

/** All that the other rooms know of a reward model. Whoever adds one adds a record here, or registers it. */
export type RewardKind = TextKind | HeadKind

/** Image-Contained-Text (arXiv 2507.19002). */
export const ICT: TextKind = {
  name: 'ict',
  label: 'ICT',
  about: 'how much of it an image shows',
  range: [-1, 1],
  threshold: 0.7,
  takesPrompt: true,
  similarity: dot,
}

/** High-Preference (arXiv 2507.19002). */
export const HP: HeadKind = {
  name: 'hp',
  label: 'HP',
  about: 'how good the image looks',
  range: [0, 1],
  threshold: 0.6,
  takesPrompt: false,
  fromLogit: sigmoid,
}

const known: RewardKind[] = [ICT, HP]

/** Every reward model, in the order in which results tell them. */
export const allKinds = (): readonly RewardKind[] => known

/** Makes another reward model known to all rooms. Throws `InputError` where the name is taken or cannot be a key. */
export function registerKind(kind: RewardKind): void {
  if (typeof kind !== 'object' || kind === null)
    throw new InputError('input_invalid_option', `A reward model is a record, not ${show(kind)}.`)
  const taken = known.some(({ name }) => name === kind.name) || RESERVED.has(kind.name)
  if (taken || !/^[a-z][a-z0-9]*$/.test(kind.name)) {
    throw new InputError(
      'input_invalid_option',
      `A reward model cannot be called ${show(kind.name)}: ` +
        (taken ? 'the name is taken.' : 'give lower-case letters and digits.'),
      { name: kind.name },
    )
  }
  known.push(kind)
}

// Fields that stand beside the scores in results.
const RESERVED = new Set([
  'index',
  'rank',
  'score',
  'passed',
  'image',
  'model',
  'models',
  'combine',
  'custom',
])

/** Throws `ModelError` `model_invalid_manifest`. */
export function kindNamed(name: string): RewardKind {
  const found = known.find((kind) => kind.name === name)
  if (found) return found
  throw unknownKind(name)
}

const unknownKind = (name: string): IcthpError =>
  new ModelError(
    'model_invalid_manifest',
    `There is no reward model ${show(name)}; this version knows ${known.map((kind) => kind.name).join(', ')}. Update icthp.`,
    { kind: name },
  )

export const isKind = (name: unknown): name is ModelKind => known.some((kind) => kind.name === name)

/** Which towers a model has. */
export const towersOf = ({ takesPrompt }: RewardKind): readonly TowerName[] =>
  takesPrompt ? ['vision', 'text'] : ['vision']

/** `hpLogit`: the key of a logit beside the scores. */
export const logitKey = ({ name }: HeadKind): `${string}Logit` => `${name}Logit`
