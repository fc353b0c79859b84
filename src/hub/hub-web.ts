import { checkObject } from '../base/check-object.ts'
import { InputError, show } from '../base/errors.ts'
import type { BlobStore } from './browser/blob-store.ts'
import { openDefaultStore } from './browser/default-store-web.ts'
import { fileLocksOf } from './browser/file-locks-web.ts'
import { allRecords, dropAll } from './browser/model-records.ts'
import { storedParts, totalSize } from './browser/part-sink.ts'
import type { Fetch } from './http/request-web.ts'
import { WebUrlFolder } from './http/url-folder-web.ts'
import type { ModelHub } from './hub.ts'
import { resolveUrl } from './huggingface/hub-protocol.ts'
import { parseModelSource } from './model-source.ts'

export interface WebHubOptions {
  /** Where models are kept. Default: the origin private file system, else the Cache API, else memory. */
  readonly cache?: BlobStore | undefined
  /** Default the browser's; one of your own may add headers. */
  readonly fetch?: Fetch | undefined
  /** Of repositories. Default `https://huggingface.co`. */
  readonly endpoint?: string | undefined
}

/**
 * Model folders for browsers: URLs, also relative to the page (`./model/`, `/model/`), and hub repositories
 * (`owner/name`).
 */
export function createWebHub(options: WebHubOptions = {}): ModelHub {
  checkObject(options, 'createWebHub')
  const { endpoint = 'https://huggingface.co', fetch = (url, init) => globalThis.fetch(url, init) } = options
  return {
    async open(source, { revision, signal } = {}) {
      signal?.throwIfAborted()
      const store = options.cache ?? (await openDefaultStore())
      const folder = { store, fetch, locks: await fileLocksOf(store) }
      const named = parseModelSource(source, endpoint)
      if (named.kind === 'url') return new WebUrlFolder(source, named.url, folder)
      if ('repository' in named && named.repository !== undefined) {
        const wanted = revision ?? ('revision' in named ? named.revision : undefined) ?? 'main'
        return new WebUrlFolder(source, resolveUrl(endpoint, named.repository, wanted, ''), folder)
      }
      const base = 'document' in globalThis ? document.baseURI : location.href
      const url = new URL(source.endsWith('/') ? source : `${source}/`, base)
      return new WebUrlFolder(source, url.href, folder)
    },
  }
}

/** A file of a model that the browser keeps. */
export interface CachedFile {
  /** The model as it was named when it was fetched, and the path in its folder. */
  readonly source: string
  readonly path: string
  /** Bytes that are here. */
  readonly size: number
  /** Whether it is whole. */
  readonly complete: boolean
}

/** What is kept of all models. `cache` as it was given to `fromPretrained`. */
export async function listCache(cache?: BlobStore): Promise<CachedFile[]> {
  const store = await storeOf(cache)
  const records = await allRecords(store)
  return Promise.all(
    records.map(async ({ source, path, sha256, complete }) => {
      const size = totalSize(await storedParts(store, sha256))
      return { source, path, size, complete }
    }),
  )
}

/**
 * Throws away everything that is kept of all models, but for the files that a page, this or another, is loading just now.
 * Scorers that are loaded go on working.
 */
export async function clearCache(cache?: BlobStore): Promise<void> {
  const store = await storeOf(cache)
  await dropAll(store, await fileLocksOf(store))
}

/** Throws `InputError` where it is no store. */
async function storeOf(cache: BlobStore | undefined): Promise<BlobStore> {
  if (typeof (cache ?? { keys: () => [] })?.keys === 'function' && !Array.isArray(cache))
    return cache ?? (await openDefaultStore())
  throw new InputError('input_invalid_option', `A cache is a store of blobs, not ${show(cache)}.`)
}
