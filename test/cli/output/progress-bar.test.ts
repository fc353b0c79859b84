import { expect, test } from 'vitest'
import { ProgressBar } from '../../../src/cli/output/progress-bar.ts'
import { cliRoom } from '../cli-room.ts'

const room = cliRoom()

function watch(columns: number | undefined) {
  const written: string[] = []
  const clock = { ms: 0 }
  const bar = new ProgressBar(
    { write: (text) => void written.push(text), isTTY: columns !== undefined, columns },
    () => clock.ms,
  )
  return { bar, written, clock }
}

test('on a terminal one line is drawn over, with rate and time left', () => {
  const { bar, written, clock } = watch(80)
  const at = (ms: number, loaded: number): void => {
    clock.ms = ms
    bar.update({ stage: 'encode', item: 'images', loaded, total: 40, unit: 'images' })
  }
  at(0, 0)
  at(50, 1) // too soon
  at(4000, 8)
  at(20_000, 40)
  bar.clear()
  bar.clear()
  expect(written).toEqual([
    '\r\x1b[2Kscoring  ░░░░░░░░░░░░░░░░░░░░ 0 of 40 images',
    '\r\x1b[2Kscoring  ████░░░░░░░░░░░░░░░░ 8 of 40 images  2.0/s  0:16 left',
    '\r\x1b[2Kscoring  ████████████████████ 40 of 40 images  2.0/s',
    '\r\x1b[2K',
  ])
})

test('bytes go on through the files of a download, and a long name is cut to the line', () => {
  const { bar, written, clock } = watch(70)
  bar.update({ stage: 'download', item: 'owner/name/small.json', loaded: 1e6, total: 4e9, unit: 'bytes' })
  clock.ms = 10_000
  bar.update({
    stage: 'download',
    item: 'owner/name/a-very-long-file-name.bin',
    loaded: 1001e6,
    total: 4e9,
    unit: 'bytes',
  })
  expect(written[1]).toBe('\r\x1b[2Kdownload…name.bin  ███░░░░░░░ 1.00 GB of 4.00 GB  100 MB/s  0:30 left')
})

test('other text goes above the bar', () => {
  const { bar, written } = watch(80)
  bar.above(() => written.push('early'))
  bar.update({ stage: 'load', item: 'x', loaded: 0, total: 1, unit: 'files' })
  bar.above(() => written.push('text'))
  expect(written).toEqual(['early', '\r\x1b[2Kloading x', '\r\x1b[2K', 'text', '\r\x1b[2Kloading x'])
})

test('what has one step only is named, without numbers', () => {
  const { bar, written } = watch(80)
  bar.update({ stage: 'load', item: '8y/HP vision (fp32)', loaded: 0, total: 1, unit: 'files' })
  expect(written).toEqual(['\r\x1b[2Kloading 8y/HP vision (fp32)'])
})

test('elsewhere a plain line every half minute', () => {
  const { bar, written, clock } = watch(undefined)
  for (clock.ms = 0; clock.ms <= 65_000; clock.ms += 1000)
    bar.update({ stage: 'encode', item: 'images', loaded: clock.ms / 1000, total: 100, unit: 'images' })
  bar.clear()
  expect(written).toEqual([
    'scoring  ██████░░░░░░░░░░░░░░ 30 of 100 images  1.0/s  1:10 left\n',
    'scoring  ████████████░░░░░░░░ 60 of 100 images  1.0/s  0:40 left\n',
  ])
})

test('the bar is off the screen whenever data or notes are written, and at the end', async () => {
  await room.write(
    Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`${i}.png`, i === 4 ? 'bad' : '7'])),
  )
  let shown = false
  let clock = 0
  const events: string[] = []
  const { stderr } = await room.run(['score', '.', '--batch-size', '1'], {
    stdoutColumns: 80,
    stderrColumns: 80,
    now: () => (clock += 200),
    onWrite: (stream, text) => {
      if (stream === 'err' && text.startsWith('\r\x1b[2K')) shown = text.length > 5
      else events.push(shown ? `over the bar: ${text}` : 'clean')
    },
  })
  expect(stderr).toContain('\r\x1b[2Kscoring  ')
  expect(events.filter((event) => event !== 'clean')).toEqual([])
  expect(shown).toBe(false)
  expect((await room.run(['score', '.', '--quiet'], { stderrColumns: 80 })).stderr).not.toContain('scoring')
})
