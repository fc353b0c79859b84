import {
  CLIP_PREPROCESS,
  ClipTokenizer,
  createWebDecoder,
  IcthpError,
  preprocess,
  type WebImageInput,
} from '../../../src/web.ts'

export interface Seen {
  readonly sha256?: string
  readonly rgbSha256?: string
  readonly code?: string
  readonly message?: string
  readonly size?: readonly [number, number]
}

export const imageTests = {
  /** sha256 of each file's pixel_values and RGB, or the code of its error. */
  async decodeFiles(urls: readonly string[], worker: boolean): Promise<Record<string, Seen>> {
    const decoder = createWebDecoder({ worker })
    const seen: Record<string, Seen> = {}
    for (const url of urls) {
      const bytes = await (await fetch(url)).arrayBuffer()
      seen[url] = await orCode(async () => {
        const values = await preprocess(bytes, { decoder })
        const { data, width, height } = await decoder.decode(new Blob([bytes]))
        return { sha256: await sha256(values.data), rgbSha256: await sha256(data), size: [width, height] }
      })
    }
    await decoder.dispose()
    return seen
  },

  async tokenize(texts: readonly string[]): Promise<(readonly number[])[]> {
    const tokenizer = new ClipTokenizer()
    return texts.map((text) => tokenizer.encode(text))
  },

  /** One picture in every form that a page may have it in. */
  async everyInput(url: string): Promise<Record<string, Seen>> {
    const response = await fetch(url)
    const blob = await response.blob()
    const bytes = await blob.arrayBuffer()
    const bitmap = await createImageBitmap(blob)
    const { width, height } = bitmap
    const canvas = Object.assign(document.createElement('canvas'), { width, height })
    const context = canvas.getContext('2d')!
    context.drawImage(bitmap, 0, 0)
    const offscreen = new OffscreenCanvas(width, height)
    offscreen.getContext('2d')!.drawImage(bitmap, 0, 0)
    const image = document.createElement('img')
    image.src = url
    await image.decode()
    const object = document.createElement('img')
    object.src = URL.createObjectURL(blob)
    await object.decode()
    const pixels = context.getImageData(0, 0, width, height)
    const inputs: Record<string, WebImageInput> = {
      blob,
      file: new File([blob], 'picture.png'),
      url: new URL(url, location.href),
      'relative url': url,
      'object url': object.src,
      ArrayBuffer: bytes,
      Uint8Array: new Uint8Array(bytes),
      'a view': new Uint8Array([0, 0, ...new Uint8Array(bytes)]).subarray(2),
      ImageData: pixels,
      raw: { data: pixels.data, width, height, channels: 4 },
      ImageBitmap: bitmap,
      canvas,
      OffscreenCanvas: offscreen,
      img: image,
      'img of a blob': object,
      ...('VideoFrame' in globalThis ? { VideoFrame: new VideoFrame(bitmap, { timestamp: 0 }) } : {}),
    }
    const decoder = createWebDecoder()
    const seen: Record<string, Seen> = {}
    // Twice: what is the user's must still be whole after the first time.
    for (let turn = 0; turn < 2; turn++) {
      for (const [name, input] of Object.entries(inputs)) {
        seen[name] = await orCode(async () => ({
          sha256: await sha256((await preprocess(input, { decoder })).data),
        }))
      }
    }
    await decoder.dispose()
    return seen
  },

  /** Inputs that are none, or cannot be read. */
  async refusedInputs(urls: {
    readonly html: string
    readonly missing: string
    readonly svg: string
  }): Promise<Record<string, Seen>> {
    const svg = document.createElement('img')
    svg.src = urls.svg
    await svg.decode()
    const closed = await createImageBitmap(new ImageData(2, 2))
    closed.close()
    const inputs: Record<string, unknown> = {
      number: 7,
      null: null,
      'empty img': document.createElement('img'),
      'an address that is none': 'http://',
      ftp: 'ftp://example.com/a.png',
      missing: urls.missing,
      'a web page': urls.html,
      'empty Blob': new Blob([]),
      'no image': new Blob(['hello, this is a text']),
      'closed ImageBitmap': closed,
      'too few bytes': { data: new Uint8Array(5), width: 2, height: 2, channels: 3 },
      'img of an SVG': svg,
    }
    const decoder = createWebDecoder()
    const seen: Record<string, Seen> = {}
    for (const [name, input] of Object.entries(inputs)) {
      seen[name] = await orCode(async () => {
        const { width, height } = await decoder.crop(input as WebImageInput, CLIP_PREPROCESS)
        return { size: [width, height] }
      })
    }
    await decoder.dispose()
    return seen
  },
}

async function orCode(work: () => Promise<Seen>): Promise<Seen> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof IcthpError) return { code: error.code, message: error.message }
    return { code: 'none', message: String(error) }
  }
}

export async function sha256(data: ArrayBufferView): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', data as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
