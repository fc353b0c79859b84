import { expect, test } from 'vitest'
import { allKinds, registerKind, type RewardKind } from '../../src/models/kinds.ts'

const record = {
  name: 'third',
  label: 'Third',
  about: 'how much it is third',
  range: [0, 1],
  takesPrompt: false,
  fromLogit: (logit: number) => logit,
}

test.each([
  ['a name that is taken', { name: 'ict' }, /"ict": the name is taken/],
  ['a name of results', { name: 'score' }, /"score": the name is taken/],
  ['a list in place of a name', { name: ['third'] }, /give lower-case letters/],
  ['a name with a space', { name: 'a b' }, /give lower-case letters/],
  ['no label', { label: undefined }, /needs a label/],
  ['no text about it', { about: 5 }, /needs about/],
  ['no range', { range: undefined }, /needs a range/],
  ['a range upside down', { range: [1, 0] }, /needs a range/],
  ['a range without an end', { range: [0, Infinity] }, /needs a range/],
  ['a threshold that is no number', { threshold: '0.5' }, /needs a threshold/],
  ['no word on prompts', { takesPrompt: undefined }, /needs takesPrompt/],
  ['a prompt and nothing to compare it by', { takesPrompt: true }, /third needs similarity/],
  ['no score of a logit', { fromLogit: undefined }, /third needs fromLogit/],
])('a record with %s is refused, and says so', (_, change, message) => {
  const before = [...allKinds()]
  expect(() => registerKind({ ...record, ...change } as unknown as RewardKind)).toThrow(
    expect.objectContaining({ code: 'input_invalid_option', message: expect.stringMatching(message) }),
  )
  expect(allKinds()).toEqual(before)
})
