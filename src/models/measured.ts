import type { Device } from '../backend/backend.ts'
import type { Dtype } from './dtype.ts'

/** What `icthp verify` measured of a model in one precision: what is lost beside another, and what it costs. */
export interface MeasuredPrecision extends MeasuredModel {
  /** The precision whose answers count as right. */
  readonly against: Dtype
  /** The version of icthp that measured. */
  readonly library: string
  /** ISO 8601. */
  readonly date: string
  readonly images: { readonly count: number; readonly source: MeasuredWith }
  /** Of models that take a prompt. */
  readonly prompts?: { readonly count: number; readonly source: MeasuredWith }
  readonly ranking?: RankingAgreement
  readonly memory: MeasuredMemory
}

/** `drawn`: the pictures, and their captions, that icthp draws for this; `own`: the user's. */
export type MeasuredWith = 'drawn' | 'own'

export interface MeasuredModel {
  readonly device: Device
  /** For example `onnxruntime-node 1.30.0`. */
  readonly backend: string
  /** How far scores are off, as magnitudes: of every image, with every prompt where the model takes one. */
  readonly score: { readonly max: number; readonly mean: number }
  /** Between the embeddings of the two precisions, as the tower gives them. */
  readonly imageCosine: { readonly min: number; readonly mean: number }
  /** Of models that take a prompt. */
  readonly textCosine?: { readonly min: number; readonly mean: number }
  /** Of the vision tower, batched, decoding apart; and of the text tower. */
  readonly secondsPerImage: number
  readonly secondsPerPrompt?: number
}

/** How the images are ordered in both precisions, prompt by prompt. */
export interface RankingAgreement {
  /** As of `rankImages`; `weighted` gives the same share to each model. */
  readonly combine: string
  /** Kendall's τ-b: 1 for the same order, -1 for the reverse. */
  readonly kendallTau: { readonly min: number; readonly mean: number }
  /** The share of prompts for which both put the same image first. */
  readonly top1: number
}

/** Of a process of its own that held these models in this precision, and nothing else, in bytes. Not a GPU's memory. */
export interface MeasuredMemory {
  readonly models: readonly string[]
  /** The most that was resident at a time, loading included. */
  readonly peak: number
  /** At the end, loaded and warm. */
  readonly resident: number
}

/**
 * The measurements in a manifest that can be read, by precision. They are told to users and nothing hangs on them, so
 * that one that is damaged is left out rather than refused.
 */
export function readableMeasurements(measured: unknown): Partial<Record<Dtype, MeasuredPrecision>> {
  if (typeof measured !== 'object' || measured === null) return {}
  return Object.fromEntries(Object.entries(measured).filter(([, value]) => isMeasured(value)))
}

function isMeasured(value: unknown): value is MeasuredPrecision {
  const { against, device, images, score, imageCosine, textCosine, ranking, memory } = (value ??
    {}) as Partial<MeasuredPrecision>
  const numbers = (part: unknown, ...names: string[]): boolean =>
    typeof part === 'object' &&
    part !== null &&
    names.every((name) => typeof (part as Record<string, unknown>)[name] === 'number')
  return (
    typeof against === 'string' &&
    typeof device === 'string' &&
    numbers(value, 'secondsPerImage') &&
    numbers(images, 'count') &&
    numbers(score, 'max', 'mean') &&
    numbers(imageCosine, 'min', 'mean') &&
    numbers(memory, 'peak', 'resident') &&
    (textCosine === undefined || numbers(textCosine, 'min', 'mean')) &&
    (ranking === undefined || (numbers(ranking, 'top1') && numbers(ranking.kendallTau, 'min', 'mean')))
  )
}
