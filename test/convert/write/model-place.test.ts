import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { OutputError } from '../../../src/base/errors.ts'
import { convertCheckpoints } from '../../../src/convert/index.ts'
import { asOutputError, checkRoom } from '../../../src/convert/write/output-error.ts'
import { checkpointRoom } from '../checkpoint-room.ts'

const room = checkpointRoom()

/** Fails as `code`, and every file under `name` is as it was. */
async function refused(
  name: string,
  code: string,
  options: Parameters<typeof convertCheckpoints>[0],
): Promise<Error> {
  const before = await snapshot(name)
  const error = await convertCheckpoints(options).then(
    () => undefined,
    (reason: Error) => reason,
  )
  expect(error).toMatchObject({ name: 'OutputError', code })
  expect(await snapshot(name)).toEqual(before)
  return error!
}

const snapshot = async (name: string): Promise<[string, string][]> =>
  Promise.all(
    (await room.list(name)).map(async (path) => [
      path,
      (await readFile(room.at(name, path))).toString('base64'),
    ]),
  )

/** A folder with checkpoints called `ict` and `hp` in it. */
async function work(name: string): Promise<{ ict: string; hp: string; base: string; out: string }> {
  await room.unpack('ict-zip.bin', `${name}/ict/pytorch_model.bin`)
  await room.unpack('hp-backbone.bin', `${name}/hp/hp_backbone/pytorch_model.bin`)
  await room.unpack('hp-scorer.bin', `${name}/hp/hp_scorer/mlp_pytorch_model.bin`)
  return { ict: room.at(name, 'ict'), hp: room.at(name, 'hp'), base: room.at('base'), out: room.at(name) }
}

describe('a checkpoint is never replaced by the model made of it', () => {
  test('`--ict ict --hp hp --out .`', async () => {
    const options = await work('here')
    const error = await refused('here', 'output_holds_input', options)
    expect(error.message).toContain('Choose another place')
    await refused('here', 'output_holds_input', { ...options, hp: undefined })
    await refused('here', 'output_holds_input', { ...options, ict: undefined })
    await refused('here', 'output_holds_input', {
      ...options,
      ict: `${options.ict}/pytorch_model.bin`,
      hp: undefined,
    })
  })

  test('through a link, either way', async () => {
    const options = await work('linked')
    await symlink(room.at('linked'), room.at('other-name'))
    await refused('linked', 'output_holds_input', { ...options, out: room.at('other-name') })
    await refused('linked', 'output_holds_input', { ...options, ict: room.at('other-name/ict') })
    await mkdir(room.at('link-in-out'))
    await symlink(options.ict, room.at('link-in-out/ict'))
    await refused('linked', 'output_holds_input', { ...options, out: room.at('link-in-out') })
  })

  test('nor the base model, nor the calibration pictures', async () => {
    const options = await work('beside')
    await writeFile(room.at('beside/ict/config.json'), await readFile(room.at('base/config.json')))
    await refused('beside', 'output_holds_input', {
      hp: options.hp,
      base: options.ict,
      ict: undefined,
      out: room.at('beside'),
    })
    await refused('beside', 'output_holds_input', {
      hp: options.hp,
      calibrate: room.at('beside/hp/hp_scorer'),
      dtypes: ['int8'],
      out: options.out,
    })
  })
})

describe('what icthp did not write stays', () => {
  test('a folder that is no model', async () => {
    const options = { ...(await work('source-1')), out: room.at('taken') }
    await mkdir(room.at('taken/hp'), { recursive: true })
    await writeFile(room.at('taken/hp/thesis.tex'), 'years of work')
    const error = await refused('taken', 'output_not_ours', options)
    expect(error.message).toContain('thesis.tex')
    expect(await room.list('taken')).toEqual(['hp/thesis.tex'])
  })

  test('a manifest that is not of icthp, a file, a link to nowhere', async () => {
    const options = { ...(await work('source-2')), hp: undefined, out: room.at('taken-2') }
    await mkdir(room.at('taken-2/ict'), { recursive: true })
    await writeFile(room.at('taken-2/ict/icthp.json'), '{"name": "my own"}')
    await refused('taken-2', 'output_not_ours', options)
    await mkdir(room.at('taken-3'))
    await writeFile(room.at('taken-3/ict'), 'a file')
    await refused('taken-3', 'output_not_ours', { ...options, out: room.at('taken-3') })
    await mkdir(room.at('taken-4'))
    await symlink(room.at('nowhere'), room.at('taken-4/ict'))
    await expect(convertCheckpoints({ ...options, out: room.at('taken-4') })).rejects.toMatchObject({
      code: 'output_not_ours',
    })
  })

  test('files beside those of a model of ours, which is replaced when they are gone', async () => {
    const options = { ...(await work('source-5')), ict: undefined, out: room.at('model') }
    await convertCheckpoints(options)
    await writeFile(room.at('model/hp/notes.txt'), 'mine')
    const error = await refused('model', 'output_not_ours', options)
    expect(error.message).toContain('notes.txt')
    await rm(room.at('model/hp/notes.txt'))
    await mkdir(room.at('model/hp/empty'))
    expect((await refused('model', 'output_not_ours', options)).message).toContain('empty/')
  })

  test('what file managers leave does not stand in the way, and is kept', async () => {
    const options = { ...(await work('source-6')), ict: undefined, out: room.at('seen') }
    await convertCheckpoints(options)
    for (const folder of ['hp', 'hp/onnx']) await writeFile(room.at('seen', folder, '.DS_Store'), 'x')
    await convertCheckpoints(options)
    await convertCheckpoints(options)
    for (const folder of ['hp', 'hp/onnx']) expect(await room.list('seen')).toContain(`${folder}/.DS_Store`)
    expect((await room.list('seen')).filter((path) => !path.startsWith('hp/'))).toEqual([])
  })

  test('folders called as those that are written first', async () => {
    const options = { ...(await work('source-7')), ict: undefined, out: room.at('partial') }
    for (const name of ['.hp.icthp-partial', '.hp.icthp-old']) {
      await mkdir(room.at('partial', name), { recursive: true })
      await writeFile(room.at('partial', name, 'mine.txt'), 'mine')
      await refused('partial', 'output_not_ours', options)
    }
  })
})

test('copies of a model that a user keeps beside it, and a file put in the place of one of ours', async () => {
  const options = { ...(await work('source-10')), ict: undefined, out: room.at('copies') }
  await convertCheckpoints(options)
  for (const name of ['hp.old', 'hp.partial', 'hp.bak'])
    await cp(room.at('copies/hp'), room.at('copies', name), { recursive: true })
  await convertCheckpoints(options)
  const left = await room.list('copies')
  for (const name of ['hp.old', 'hp.partial', 'hp.bak']) expect(left).toContain(`${name}/icthp.json`)
  expect(left.filter((path) => path.startsWith('.'))).toEqual([])
  await writeFile(room.at('copies/hp/config.json'), '{"mine": true}')
  await refused('copies', 'output_not_ours', options)
  await rm(room.at('copies/hp/config.json'))
  // A whole model of the very name, which nobody marked as left over.
  await cp(room.at('copies/hp.bak'), room.at('copies/.hp.icthp-old'), { recursive: true })
  await refused('copies', 'output_not_ours', options)
})

test('a model behind a link is replaced where it lies', async () => {
  const options = { ...(await work('source-8')), ict: undefined, out: room.at('links') }
  await convertCheckpoints({ ...options, out: room.at('elsewhere') })
  await mkdir(room.at('links'))
  await symlink(room.at('elsewhere/hp'), room.at('links/hp'))
  await convertCheckpoints({ ...options, dtypes: ['fp16'] })
  expect(await room.list('elsewhere')).toContain('hp/onnx/vision_model_fp16.onnx')
})

test.each([
  [
    'a file where the folder should be',
    'output_failed',
    async () => {
      await writeFile(room.at('a-file'), '')
      return room.at('a-file')
    },
  ],
  [
    'a file above it',
    'output_failed',
    async () => {
      await writeFile(room.at('above'), '')
      return room.at('above/below/out')
    },
  ],
])('%s is said with a code', async (_, code, make) => {
  const { hp, base } = await work('source-9')
  const error = await convertCheckpoints({ hp, base, out: await make() }).catch((reason: Error) => reason)
  expect(error).toMatchObject({ name: 'OutputError', code })
  expect((error as Error).message).toMatch(/Choose|choose/)
})

test.each([
  ['EACCES', 'output_failed', /permissions/],
  ['EROFS', 'output_failed', /read-only/],
  ['EMFILE', 'output_failed', /ulimit/],
  ['ENOSPC', 'output_no_space', /disk is full/],
  ['EDQUOT', 'output_no_space', /quota/],
])('%s of the system becomes %s', (errno, code, words) => {
  const cause = Object.assign(new Error(`${errno}: …, write`), { code: errno, path: '/out/ict/onnx/x' })
  const error = asOutputError(cause, '/out/ict') as OutputError
  expect(error).toMatchObject({ name: 'OutputError', code, cause, details: { path: '/out/ict/onnx/x' } })
  expect(error.message).toMatch(words)
})

test('a disk without room is refused before anything is written', async () => {
  await expect(checkRoom(room.at('not', 'there', 'yet'), 2 ** 60)).rejects.toMatchObject({
    code: 'output_no_space',
    details: { bytes: 2 ** 60, free: expect.any(Number) },
  })
  await checkRoom(room.at('not', 'there', 'yet'), 1)
})
