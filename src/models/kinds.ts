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

/** Makes another reward model known to all rooms. Throws `InputError` for a name that is taken, and for no whole record. */
export function registerKind(kind: RewardKind): void {
  if (typeof kind !== 'object' || kind === null)
    throw new InputError('input_invalid_option', `A reward model is a record, not ${show(kind)}.`)
  const { name } = kind
  const taken = known.some((other) => other.name === name) || RESERVED.has(name)
  if (taken || typeof name !== 'string' || !/^[a-z][a-z0-9]*$/.test(name)) {
    throw new InputError(
      'input_invalid_option',
      `A reward model cannot be called ${show(name)}: ` +
        (taken ? 'the name is taken.' : 'give lower-case letters and digits.'),
      { name },
    )
  }
  const needed = missingIn(kind)
  if (needed !== undefined) {
    throw new InputError('input_invalid_option', `The record of the reward model ${name} needs ${needed}.`, {
      name,
    })
  }
  known.push(kind)
}

/** What a record must have and has not. */
function missingIn(kind: RewardKind): string | undefined {
  const { label, about, range, threshold, takesPrompt } = kind
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
  if (!isText(label)) return 'a label, a text'
  if (!isText(about)) return 'about, a text'
  if (!(Array.isArray(range) && range.length === 2 && range.every(Number.isFinite) && range[0]! < range[1]!))
    return 'a range: the lowest and the highest score, two numbers'
  if (threshold !== undefined && !Number.isFinite(threshold)) return 'a threshold that is a number, or none'
  if (typeof takesPrompt !== 'boolean') return 'takesPrompt: true or false'
  if (takesPrompt && typeof kind.similarity !== 'function') return 'similarity, a function of two embeddings'
  if (!takesPrompt && typeof kind.fromLogit !== 'function') return 'fromLogit, a function of a logit'
  return undefined
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
