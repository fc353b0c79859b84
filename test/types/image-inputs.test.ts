/** What each door takes for an image. The compiler checks the bodies (`tsc -p .`), which are never run. */
import { expectTypeOf, test } from 'vitest'
import * as core from '../../src/index.ts'
import * as node from '../../src/node.ts'
import * as web from '../../src/web.ts'

/** Compiled only. */
const never = (_: () => unknown): void => {}

declare const text: string
declare const both: string | string[]
declare const bytes: Uint8Array
declare const raw: core.RawImage
declare const crop: core.ImageCrop
declare const prompt: string
declare const everywhere: (
  | string
  | URL
  | ArrayBuffer
  | SharedArrayBuffer
  | Uint8Array
  | Buffer
  | DataView
  | Blob
  | File
  | core.RawImage
)[]
declare const drawn: (
  ImageData | ImageBitmap | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas | VideoFrame
)[]

test('scorers take what the platform calls an image, and nothing else', () => {
  never(() => {
    const doors = { node, core }
    const hp = doors.node.HpScorer.prototype as node.HpScorer
    const ict = doors.node.IctScorer.prototype as node.IctScorer
    void hp.score(everywhere)
    void hp.score(crop)
    // @ts-expect-error A number is no image.
    void hp.score(42)
    // @ts-expect-error Nor are numbers.
    void hp.score([1, 2])
    // @ts-expect-error Nor is an object of another shape.
    void hp.score({ path: 'a.png' })
    // @ts-expect-error Pixels say how many channels they have.
    void hp.score({ data: bytes, width: 1, height: 1 })
    // @ts-expect-error Nothing is no image.
    void hp.score(undefined)
    // @ts-expect-error A promise is to be awaited.
    void hp.score(Promise.resolve(bytes))
    // @ts-expect-error Node has no elements to draw.
    void hp.score(drawn[0]!)
    // @ts-expect-error A prompt is text.
    void ict.score(text, 42)
    // @ts-expect-error One image has one prompt.
    void ict.score(text, [prompt])
    // @ts-expect-error ICT needs a prompt.
    void ict.score(text)
    // @ts-expect-error matrix takes lists.
    void ict.matrix(text, [prompt])
    // @ts-expect-error A path is no list of images.
    void hp.scoreStream('a.png')
    // @ts-expect-error Bytes are no list of images.
    void hp.scoreStream(bytes)
    void hp.scoreStream(new Set(['a.png']))
    void hp.scoreStream((async function* () {})())
  })
})

test('browsers take what they have decoded, too', () => {
  never(() => {
    const hp = web.HpScorer.prototype as web.HpScorer
    const ict = web.IctScorer.prototype as web.IctScorer
    void hp.score([...everywhere, ...drawn])
    void hp.score(drawn[0]!)
    void ict.score(drawn, [prompt])
    void web.createWebDecoder().decode(drawn[0]!)
    void web.preprocess(drawn[0]!)
    void web.rankImages(drawn, { hp, ict, prompt })
    void web.scoreImages(drawn, { hp })
    void web.scorePairs([{ image: drawn[0]!, prompt }], { ict })
    // @ts-expect-error A number is no image in browsers either.
    void hp.score(42)
    // @ts-expect-error An element that shows no picture is none.
    void hp.score(document.createElement('div'))
    // @ts-expect-error Numbers cannot be ranked.
    void web.rankImages([1], { hp })
    // @ts-expect-error Elements are for browsers.
    void node.rankImages(drawn, {})
    // @ts-expect-error Elements are for browsers.
    void node.createNodeDecoder().decode(drawn[0]!)
    // @ts-expect-error A number is no image.
    void node.preprocess(42)
    // @ts-expect-error A number is no image.
    void core.scorePairs([{ image: 42, prompt }], {})
  })
})

test('an answer has the shape of the question', () => {
  never(() => {
    const hp = node.HpScorer.prototype as node.HpScorer
    const ict = node.IctScorer.prototype as node.IctScorer
    expectTypeOf(hp.score(text)).resolves.toEqualTypeOf<number>()
    expectTypeOf(hp.score([text])).resolves.toEqualTypeOf<number[]>()
    expectTypeOf(hp.score(both)).resolves.toEqualTypeOf<number | number[]>()
    expectTypeOf(ict.score(raw, prompt)).resolves.toEqualTypeOf<number>()
    expectTypeOf(ict.score([raw, text] as const, prompt)).resolves.toEqualTypeOf<number[]>()
    expectTypeOf(ict.score([raw], both)).resolves.toEqualTypeOf<number[]>()
    expectTypeOf(ict.score(both, prompt)).resolves.toEqualTypeOf<number | number[]>()
  })
})

test('a class made of a record takes what its door does', () => {
  never(async () => {
    const kind = core.HP as core.HeadKind
    const inNode = await node.nodeScorer(core.HeadScorer, kind).fromPretrained()
    const inPage = await web.webScorer(core.HeadScorer, kind).fromPretrained('./models')
    void inPage.score(drawn)
    // @ts-expect-error A number is no image.
    void inNode.score(42)
    // @ts-expect-error Node has no elements to draw.
    void inNode.score(drawn)
  })
})

test('options have names at every door', () => {
  expectTypeOf<node.NodeScorerOptions>().toExtend<core.ScorerOptions>()
  expectTypeOf<Parameters<typeof node.createNodeDecoder>[0]>().toEqualTypeOf<
    node.NodeDecoderOptions | undefined
  >()
  expectTypeOf<Parameters<typeof node.createNodeHub>[0]>().toEqualTypeOf<node.NodeHubOptions | undefined>()
  expectTypeOf<Parameters<typeof node.preprocess>[1]>().toEqualTypeOf<
    node.NodePreprocessOptions | undefined
  >()
  expectTypeOf<ConstructorParameters<typeof node.OrtNodeBackend>[0]>().toEqualTypeOf<
    node.OrtNodeOptions | undefined
  >()
  expectTypeOf<Parameters<typeof node.preprocess>[0]>().toEqualTypeOf<node.NodeImageInput>()
  expectTypeOf<Parameters<typeof web.preprocess>[0]>().toEqualTypeOf<web.WebImageInput>()
})
