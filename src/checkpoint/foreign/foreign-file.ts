import type { CheckpointError } from '../../base/errors.ts'
import { truncated, unreadable } from '../checkpoint-error.ts'
import type { DataFile } from '../data-file.ts'

/** Starts of files that people have instead of a checkpoint, and what to do then. */
const KINDS: readonly (readonly [kind: string, start: RegExp, why: string])[] = [
  ['gzip', /^\x1f\x8b/, 'it is gzip-compressed. Unpack it first (gunzip).'],
  ['bzip2', /^BZh/, 'it is bzip2-compressed. Unpack it first.'],
  ['xz', /^\xfd7zXZ/, 'it is xz-compressed. Unpack it first.'],
  ['zstd', /^\x28\xb5\x2f\xfd/, 'it is zstd-compressed. Unpack it first.'],
  ['gguf', /^GGUF/, 'it is a GGUF file. Use the PyTorch or safetensors weights.'],
  ['hdf5', /^\x89HDF/, 'it is an HDF5 file (Keras). Use the PyTorch or safetensors weights.'],
  ['numpy', /^\x93NUMPY/, 'it is a NumPy array. Use the PyTorch or safetensors weights.'],
  [
    'xml',
    /^\s*<(\?xml|error>|errorresponse|code>)/i,
    'it is an XML page, probably the error message of a server. Download the checkpoint again.',
  ],
  [
    'pickle',
    /^\x80[\x02-\x05]/,
    'it is a plain pickle, not one of torch.save. Save the weights with torch.save(model.state_dict(), …).',
  ],
]
/** Files before torch 0.1.10: a tar with the members `pickle`, `storages`, `tensors`. */
const TAR_AT = 257

const UTF8_MARK = /^\xef\xbb\xbf/
/** How the answers of hubs, mirrors and storages begin that are kept as the file. */
const SERVER_WORDS = new RegExp(
  '^(' +
    [
      '(entry|repository|revision|file|page|resource|blob|object|key) not found',
      'not found',
      '(error )?(4[0-9]{2}|5[0-9]{2})\\b',
      'invalid (username|credentials|token|rev id)',
      'access (to|denied)',
      'unauthori[sz]ed',
      'forbidden',
      'too many requests',
      'you (must|need|have|are|do not)',
      'rate limit',
      'internal (server )?error',
      'bad (gateway|request)',
      'service unavailable',
      'gateway time-?out',
      'the (specified|requested)',
      'no such (key|file|bucket)',
      'cannot (access|get) ',
      'please (log in|login|sign in|authenticate)',
      'redirecting',
      'temporary redirect',
      'found\\. redirecting',
    ].join('|') +
    ')',
  'i',
)
/** Characters of a file's text that are shown. */
const SHOWN_TEXT = 100

/** The beginning of a file that is text, on one line; `undefined` for others. */
function plainText(head: Buffer): string | undefined {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
  } catch {
    return undefined
  }

  if (/[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/.test(text) || text.trim().length < 3) return undefined
  const line = text.trim().replace(/\s+/g, ' ')
  return line.length > SHOWN_TEXT ? `${line.slice(0, SHOWN_TEXT)}…` : line
}

/** Says what a file is that is no checkpoint. */
export function foreignFile(file: DataFile, head: Buffer): CheckpointError {
  const text = head.toString('latin1').replace(UTF8_MARK, '')
  if (file.size === 0) return truncated(file.path, 'it is empty', { kind: 'empty' })
  if (text.startsWith('version https://git-lfs')) {
    const size = /^size (\d+)$/m.exec(text)?.[1]
    return unreadable(
      file.path,
      `it is a git-lfs pointer: a note of where the weights are, not the weights${size ? ` (${size} bytes)` : ''}. ` +
        'Fetch them with "git lfs pull" in that repository, or with "icthp pull".',
      { kind: 'git-lfs', ...(size ? { size: Number(size) } : {}) },
    )
  }
  if (/^\s*(<!doctype html|<html|<head|<body|<title)/i.test(text)) {
    return unreadable(
      file.path,
      `it is an HTML page${titleOf(text)}, not weights: a server answered the download with a page. ` +
        'Download it again, with "icthp pull" or from the repository\'s resolve/ address (a login may be needed).',
      { kind: 'html' },
    )
  }
  if (text.slice(TAR_AT, TAR_AT + 5) === 'ustar') {
    return unreadable(
      file.path,
      'it is a tar archive (of torch before 0.1.10, or around a checkpoint). Unpack it, or save it with a recent torch.',
      { kind: 'tar' },
    )
  }
  const said = plainText(head)
  if (said !== undefined && SERVER_WORDS.test(said)) {
    return unreadable(
      file.path,
      `it is the answer of a server instead of weights: “${said}”. Download it again, with "icthp pull" or from the ` +
        "repository's resolve/ address (check repository, file name and revision; a login may be needed).",
      { kind: 'server-answer', said },
    )
  }
  if (/^\s*[{[]/.test(text)) {
    return unreadable(
      file.path,
      `it is JSON${said === undefined ? '' : ` (${said})`}. If that is the message of a server, download the checkpoint again; ` +
        'if it is an index of shards, its name must end in .index.json; otherwise name the weight file beside it.',
      { kind: 'json' },
    )
  }
  for (const [kind, start, why] of KINDS) if (start.test(text)) return unreadable(file.path, why, { kind })
  if (head.every((byte) => byte === 0)) {
    return truncated(file.path, 'it begins with zeros, as files do whose download never finished', {
      kind: 'zeros',
    })
  }
  return unreadable(
    file.path,
    `it is neither a torch.save file nor safetensors${said === undefined ? '' : `, but text (“${said}”)`}. Name the weight ` +
      'file, such as pytorch_model.bin, or download it again where it should be one.',
    {
      kind: 'unknown',
      start: head.subarray(0, 8).toString('hex'),
    },
  )
}

function titleOf(text: string): string {
  const title = /<title>([^<]{1,80})/i.exec(text)?.[1]
  return title ? ` (“${title.trim()}”)` : ''
}
