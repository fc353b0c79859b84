import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { readIncoming } from '../../src/server/node/read-incoming-node.ts'

const chunk = (text: string): Buffer => {
  const bytes = Buffer.allocUnsafeSlow(text.length)
  bytes.write(text)
  return bytes
}

function incoming(): { stream: PassThrough; read(length: number): Promise<string> } {
  const stream = new PassThrough()
  const read = async (length: number): Promise<string> =>
    Buffer.from(await readIncoming(stream as unknown as IncomingMessage, length)).toString()
  return { stream, read }
}

test('a body is put together, and what came off the wire is let go of', async () => {
  const { stream, read } = incoming()
  const chunks = [chunk('one,'), chunk('two')]
  const body = read(7)
  for (const each of chunks) stream.write(each)
  stream.end()
  expect(await body).toBe('one,two')
  expect(chunks.map(({ length }) => length)).toEqual([0, 0])
})

test('what somebody else reads, too, is left alone', async () => {
  const { stream, read } = incoming()
  const seen: Buffer[] = []
  stream.on('data', (each: Buffer) => seen.push(each))
  const body = read(3)
  stream.end(chunk('one'))
  expect(await body).toBe('one')
  expect(Buffer.concat(seen).toString()).toBe('one')
})

test.each([
  ['too short', 8, '7 of 8 bytes came'],
  ['too long', 6, '7 of 6 bytes came'],
])('%s: refused', async (_, length, message) => {
  const { stream, read } = incoming()
  const body = read(length)
  stream.write(chunk('one,'))
  stream.end(chunk('two'))
  await expect(body).rejects.toThrow(message)
})

test('a connection that breaks off is told', async () => {
  const { stream, read } = incoming()
  const body = read(8)
  stream.destroy()
  await expect(body).rejects.toThrow('0 of 8 bytes came')
})
