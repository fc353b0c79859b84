import { expect, test } from 'vitest'
import { parseModelSource } from '../../src/hub/model-source.ts'

const endpoint = 'https://huggingface.co'

test.each([
  './x',
  '../x/y',
  '/x',
  '~',
  '~/x',
  '.',
  '..',
  'C:\\models',
  'c:/models',
  '\\\\server\\share',
  'file:///x',
])('%s is a path', (source) => expect(parseModelSource(source, endpoint)).toEqual({ kind: 'path' }))

test.each(['8y/ICT', 'models-out/ict', 'laion/CLIP-ViT-H-14-laion2B-s32B-b79K'])(
  '%s may be a folder or a repository',
  (source) => expect(parseModelSource(source, endpoint)).toEqual({ kind: 'name', repository: source }),
)

test.each(['models-out', 'a/b/c', 'a/..', '.a/b', 'a b/c', 'a--b/c', 'a/b/'])(
  '%s can only be a folder',
  (source) => expect(parseModelSource(source, endpoint)).toEqual({ kind: 'name' }),
)

test.each([
  ['https://example.org/models/x', { kind: 'url', url: 'https://example.org/models/x/' }],
  ['http://example.org/x/?key=1#top', { kind: 'url', url: 'http://example.org/x/?key=1' }],
  ['https://huggingface.co/8y/ICT', { kind: 'repository', repository: '8y/ICT' }],
  [
    'https://huggingface.co/8y/ICT/tree/refs%2Fpr%2F1',
    { kind: 'repository', repository: '8y/ICT', revision: 'refs/pr/1' },
  ],
  [
    'https://huggingface.co/8y/ICT/resolve/main/onnx',
    { kind: 'url', url: 'https://huggingface.co/8y/ICT/resolve/main/onnx/' },
  ],
])('%s', (source, parsed) => expect(parseModelSource(source, endpoint)).toEqual(parsed))

test.each(['', '  ', undefined, 3, 'https://'])('%j names no model', (source) => {
  const error: unknown = expect.objectContaining({ code: 'input_invalid_option' })
  expect(() => parseModelSource(source as string, endpoint)).toThrowError(error)
})
