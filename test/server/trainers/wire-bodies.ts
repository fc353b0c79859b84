import { readFileSync } from 'node:fs'

/** A body as a trainer sends it, and what is to come of it: scores of these images, or a refusal. */
export interface WireBody {
  readonly name: string
  readonly path: string
  readonly contentType: string | null
  readonly body: Uint8Array<ArrayBuffer>
  readonly images: readonly Uint8Array[]
  readonly prompts: readonly string[] | null
  readonly refused?: { readonly status: number; readonly message: string }
}

interface Entry {
  readonly name: string
  readonly path: string
  readonly contentType: string | null
  readonly images?: readonly string[] | { readonly repeat: string; readonly times: number }
  readonly prompts?: readonly string[] | null
  readonly refused?: { readonly status: number; readonly message: string }
}

const folder = new URL('../../fixtures/wire/', import.meta.url)
const { bodies } = JSON.parse(readFileSync(new URL('wire.json', folder), 'utf8')) as { bodies: Entry[] }

/** Made by scripts/fixtures/make-wire.py. */
export const wireBodies: readonly WireBody[] = bodies.map(({ images = [], prompts = null, ...entry }) => ({
  ...entry,
  body: new Uint8Array(readFileSync(new URL(`${entry.name}.body`, folder))),
  images: ('repeat' in images ? Array<string>(images.times).fill(images.repeat) : images).map(
    (base64) => new Uint8Array(Buffer.from(base64, 'base64')),
  ),
  prompts,
}))

export const bodyNamed = (name: string): WireBody => wireBodies.find((body) => body.name === name)!

/** A request as the trainer's client makes it. */
export const requestOf = ({ path, contentType, body }: WireBody): Request =>
  new Request(`http://127.0.0.1${path}`, {
    method: 'POST',
    body,
    headers: contentType === null ? {} : { 'Content-Type': contentType },
  })
