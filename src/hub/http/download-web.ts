import { DownloadError } from '../../base/errors.ts'
import type { BlobStore } from '../browser/blob-store.ts'
import { PartSink, storedParts } from '../browser/part-sink.ts'
import type { CheckOptions } from '../files/file-check.ts'
import { startSha256 } from '../files/sha256.ts'
import { plainUrl } from '../huggingface/hub-protocol.ts'
import { DEFAULT_RETRY } from './retry.ts'
import { Transfer, type TransferPlatform } from './transfer.ts'

/** One file to fetch. */
export interface WebDownload {
  readonly path: string
  readonly url: string
  readonly size: number
  readonly sha256: string
}

/**
 * Completes a file in a store: goes on from the parts that are there, tries again when a connection breaks, checks the
 * whole. Nobody else may be writing it (`FileLocks`). Throws `DownloadError`; what has arrived is kept, unless it was wrong.
 */
export async function download(
  store: BlobStore,
  file: WebDownload,
  send: TransferPlatform['send'],
  options: CheckOptions,
): Promise<PartSink> {
  const { path, url, size, sha256 } = file
  const name = { path, url: plainUrl(url) }
  const sink = new PartSink(store, sha256)
  const content = { url, name, item: path, size, digest: { algorithm: 'sha256', value: sha256 } } as const
  const fetchAll = async (): Promise<string> => {
    const transfer = new Transfer({ sink, send, startHash: startSha256 }, content, options)
    try {
      await transfer.begin()
      await transfer.complete(DEFAULT_RETRY)
    } finally {
      await sink.flush()
    }
    return transfer.digest()
  }
  const resumed = (await storedParts(store, sha256)).length > 0
  let found = await fetchAll()
  if (found !== sha256) {
    await sink.clear()
    // The old part may have been the wrong one; what came in one go is the server's.
    if (resumed) found = await fetchAll()
  }
  if (found === sha256) return sink
  await sink.clear()
  throw new DownloadError(
    'download_sha256_mismatch',
    `${name.url} sends something else than its manifest means: sha256 ${found}, not ${sha256}. It was thrown away. Try again; if ` +
      'it stays so, the folder was published in part, or something on the way changes files.',
    { ...name, digest: found, expected: sha256 },
  )
}
