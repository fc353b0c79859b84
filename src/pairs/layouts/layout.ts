import type { ErrorCode } from '../../base/errors.ts'
import type { FolderView } from './folder-view.ts'

/** How a benchmark or a tool lays pictures and prompts out. */
export interface Layout {
  /** `--layout NAME`. */
  readonly name: string
  /** As people write it. */
  readonly label: string
  /** What lies where, in a line. */
  readonly about: string
  /** The pairs in a folder that is laid out so, else undefined. Throws `InputError` for files in it that cannot be read. */
  read(folder: FolderView, options: LayoutOptions): Promise<LayoutPairs | undefined>
}

interface LayoutOptions {
  /** Asked for by its name: what is less than certain is taken for it, too. */
  readonly named: boolean
  /** Pixels of a picture's side, where several may stand in one file. */
  readonly resolution?: number | undefined
}

export interface LayoutPairs {
  readonly pairs: readonly LayoutPair[]
  /** Images without a prompt, and files that are named and must not be read or are not there. */
  readonly failures: readonly LayoutFailure[]
  /** What the user should know. */
  readonly notes?: readonly string[]
}

export interface LayoutPair {
  /** Path in the folder, with slashes. */
  readonly image: string
  readonly prompt: string
  /** What it is ranked within, where that is not its prompt. */
  readonly group?: string
  /** The part of the image that it is, where that is not all, in pixels. */
  readonly cell?: ImageCell
}

export interface ImageCell {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface LayoutFailure {
  readonly image: string
  readonly code: ErrorCode
  readonly message: string
}

export const withoutPrompt = (image: string, why: string): LayoutFailure => ({
  image,
  code: 'image_no_prompt',
  message: why,
})
