import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'vitest'
import { decodeImage, toRgb } from '../../src/image/decode-image.ts'
import { codecSets } from './codec-sets.ts'
test('fuzz', async () => {
  const want = JSON.parse(readFileSync('/tmp/fz.json', 'utf8')); const tally: Record<string, number> = {}
  for (const [f, a] of Object.entries<any>(want)) for (const [k, c] of codecSets.entries()) {
    if (k === 1 && /440|cmyk|group4|tiff-jpeg/.test(f)) continue
    let got; let msg = ''
    const t = performance.now()
    ;(globalThis as any).WARN = []; try { const im = toRgb(await decodeImage(readFileSync('/tmp/fz/' + f), c)); got = a.e ? 'ACCEPTED' : createHash('sha256').update(im.data).digest('hex') === a.s ? 'same' : 'DIFFERENT' } catch (e: any) { got = a.e ? 'both refuse' : 'refused'; msg = e.code + ' ' + e.message; if (e.name !== 'ImageError') got = 'CRASH ' + got }
    if (performance.now() - t > 1000) msg += ' SLOW'
    const ext = f.split('.').pop(); const key = `${ext} ${c.name} ${got}`; tally[key] = (tally[key] ?? 0) + 1
    const W = (globalThis as any).WARN; if (k === 1 && (W.length || got === 'DIFFERENT')) console.log('WW', f, got, W.join('|'));
    if (!['same', 'both refuse'].includes(got) || msg.includes('SLOW')) console.log('##', f, c.name, got, msg, a.e ?? '')
  }
  console.log(tally)
}, 300000)
