import type { ImageInput } from '../image/inputs/image-input.ts'
import { HeadScorer } from './head-scorer.ts'

/**
 * HP (High-Preference): how good an image looks, whatever it shows; no prompt. The score is
 * sigmoid(MLP(image embedding)), in (0, 1) (arXiv 2507.19002). Higher is better.
 */
export class HpScorer<Input = ImageInput> extends HeadScorer<Input> {}
