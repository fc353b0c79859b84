import { expect, test } from 'vitest'
import { plainPrompt, type PlainPromptOptions } from '../../src/prompts/plain/plain-prompt.ts'
import { cpuTime } from '../cpu-time.ts'

const cases: readonly (readonly [prompt: string, plain: string, options?: PlainPromptOptions])[] = [
  ['a (b (c:1.3) d:1.2), [e], ((f))', 'a b c d, e, f'],
  ['a <lora:x_v2:0.8> b <hypernet:y:1>', 'a b'],
  ['I <3 tea, x < y > z', 'I <3 tea, x < y > z'],
  ['\\(a\\) \\[b\\] \\\\ c\\d', '(a) [b] \\ cd'],
  ['smile :) and (open', 'smile :) and open'],
  ['(a [b:1.2) c]', 'a b c]'],
  ['[[[(a', 'a'],
  ['a))) b]]', 'a))) b]]'],
  ['time 12:30 am, ratio 3:2 wide', 'time 12:30 am, ratio 3:2 wide'],
  ['a BREAK b, BREAK, c BREAK', 'a, b, c'],
  ['cat :1.2 AND dog AND rain:-1 AND BRAND', 'cat and dog and BRAND'],
  ['[cat|dog] in [|red] hat', 'cat in hat'],
  ['[cat:dog:0.7] [cat:dog:.2] [cat:dog:1]', 'cat dog cat'],
  ['[cat:dog:15]', 'dog'],
  ['[cat:dog:15]', 'cat', { steps: 20 }],
  ['[cat:dog:5]', 'dog', { steps: 20 }],
  ['a [late:0.2] [late:0.8] [early::0.8]b', 'a late earlyb'],
  ['[a:b]', 'a:b'],
  ['{red|{blue|green}} {2$$oak|elm|ash} {1-2$$ and $$x|y} {0.5::p|q} __a/b-c_d__', 'red oak, elm x p b c d'],
  ['\\{keep\\} {open', '{keep} open'],
  ['{[a|b] c|d} {[e|f]|g}', 'a c e'],
  ['a <b> c <lora:d:1>', 'a <b> c'],
  ['  a ,, b,,c , 1,000\n d,  ', 'a, b,c, 1,000 d'],
  ['', ''],
  [
    'a (b:1.2) \\(c\\) [d] {e|f} AND BREAK <lora:x:1> embedding:neg',
    'a b (c) [d] {e|f} AND BREAK',
    { dialect: 'comfy' },
  ],
  ['{{a}}, [b], 1.3::c d::, -2::e::, x::', 'a, b, c d, e, x', { dialect: 'novelai' }],
  ['a, b --ar 3:2 --no c', 'a, b', { dialect: 'midjourney' }],
  [
    'well-made a+ (b c)1.2, (d)-- e- \\(f\\) C++ code',
    'well-made a b c, d e (f) C code',
    { dialect: 'invoke' },
  ],
  ['a <random:b, c> <wildcard:d> <lora:e:1> (f:1.2) <segment:face> g', 'a b f', { dialect: 'swarm' }],
  [' a \n (b) ', 'a (b)', { dialect: 'none' }],
]

test.each(cases.map(([prompt, plain, options]) => ({ prompt, plain, options })))(
  '$prompt is $plain',
  ({ prompt, plain, options }) => {
    expect(plainPrompt(prompt, options)).toBe(plain)
  },
)

test.each([
  ['(', '[:', ')'],
  ['', '(:a', ')'],
  ['', '([:', ')]'],
])('unclosed brackets with marks in them take no longer: %j', (start, part, end) => {
  const before = cpuTime()
  plainPrompt(start + part.repeat(40_000) + end.repeat(start === '' ? 40_000 : 1))
  // Some hundred milliseconds; minutes where each level moves all texts in it.
  expect(cpuTime() - before).toBeLessThan(10_000)
})

test.each([
  '(',
  '[',
  '{',
  '<',
  '<a:',
  '_',
  '\\',
  ')',
  ']',
  '[a:',
  '(a:1',
  ' AND ',
  '[a|',
  '__a',
  ',',
  '::',
  '{1$$',
  '+',
  '--',
])('a hundred thousand characters of %j end at once, in every dialect', (part) => {
  const text = part.repeat(Math.ceil(100_000 / part.length))
  const start = cpuTime()
  for (const dialect of ['a1111', 'comfy', 'novelai', 'midjourney', 'invoke', 'swarm', 'none'] as const)
    plainPrompt(text, { dialect })
  // Some hundred milliseconds; anything that is not linear would take minutes.
  expect(cpuTime() - start).toBeLessThan(10_000)
})
