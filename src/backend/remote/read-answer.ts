import { concatBytes } from '../../base/bytes/concat-bytes.ts'
import { isObject } from '../../base/json-object.ts'
import { ServerFault } from './transport.ts'

/** Answers are small: embeddings of thousands of pictures. What is larger is none. */
const MAX_ANSWER = 256 << 20
const MAX_MESSAGE = 64 << 10
const SHOWN = 400

/** The whole body. Throws `ServerFault` where it breaks off or does not end. */
export async function readAnswer(answer: Response, most: number = MAX_ANSWER): Promise<Uint8Array> {
  const reader = answer.body?.getReader()
  const parts: Uint8Array[] = []
  let size = 0
  try {
    while (reader) {
      const { done, value } = await reader.read()
      if (done) break
      parts.push(value)
      size += value.length
      if (size > most) break
    }
  } catch (cause) {
    // An abort is told apart by whoever holds the signal.
    throw new ServerFault(`the answer broke off after ${size} bytes`, { unreachable: true, cause })
  }
  if (size > most) {
    void reader?.cancel().catch(() => {})
    throw new ServerFault(`the answer has more than ${most} bytes`, { status: answer.status })
  }
  return concatBytes(parts)
}

/** What a server says of an error: `{"error"}` of the protocol, `{"detail"}` of FastAPI, or plain text. */
export async function readMessage(answer: Response): Promise<string> {
  const status = `HTTP ${answer.status}`
  const body = await readAnswer(answer, MAX_MESSAGE).catch(() => undefined)
  const text = body ? new TextDecoder().decode(body).trim() : ''
  const told = saidIn(text)
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim()
  if (told === '') return `${status}${answer.statusText ? ` ${answer.statusText}` : ''}`
  return `${told.length > SHOWN ? `${told.slice(0, SHOWN)}…` : told} (${status})`
}

function saidIn(text: string): string {
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'string') return json
    if (!isObject(json)) return text
    const { error, detail, message } = json
    const told = error ?? detail ?? message
    if (told === undefined) return text
    return typeof told === 'string' ? told : JSON.stringify(told)
  } catch {
    return text
  }
}
