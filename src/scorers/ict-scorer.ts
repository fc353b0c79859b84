import type { ImageInput } from '../image/inputs/image-input.ts'
import { TextScorer } from './text-scorer.ts'

/**
 * ICT (Image-Contained-Text): how much of a prompt an image shows, without punishing images for showing more. The
 * score is the dot product of the L2-normalised text and image embeddings, in [-1, 1] (arXiv 2507.19002).
 */
export class IctScorer<Input = ImageInput> extends TextScorer<Input> {}
