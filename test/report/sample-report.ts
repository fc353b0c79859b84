import type { Report, ReportImage } from '../../src/report/report.ts'

/** A report of a small ranking, with every part there is; `changes` go over it. */
export function sampleReport(changes: Partial<Report> = {}): Report {
  return {
    prompts: [{ text: 'a red fox', cut: '', tokens: 5, limit: 77 }],
    ranking: { combine: 'weighted', weights: { ict: 0.5, hp: 0.5 } },
    scored: 3,
    thresholds: { ict: 0.7 },
    images: [
      sampleImage('fox 10.png', { rank: 1, score: 0.85, ict: [0.9], hp: 0.8, passed: true }),
      sampleImage('fox 9.png', { rank: 2, score: 0.8, ict: [0.65], hp: 0.95, passed: false }),
      sampleImage('owl.png', { rank: 3, score: 0.1, ict: [-0.1], hp: 0.3, passed: false }),
    ],
    failed: [{ image: 'broken.png', code: 'image_truncated', message: 'It ends too soon.' }],
    facts: [
      ['ICT', '8y/ICT'],
      ['precision', 'int8'],
    ],
    notes: ['auto took cpu'],
    version: '0.1.0',
    ...changes,
  }
}

/** A picture of one pixel. */
export const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs='

export function sampleImage(name: string, scores: Omit<ReportImage, 'name'>): ReportImage {
  return { name, thumbnail: PIXEL, width: 640, height: 480, ...scores }
}
