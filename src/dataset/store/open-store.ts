import { DatasetError } from '../../base/errors.ts'
import { asFolder, isAddress, isS3, isWeb } from '../sources/address.ts'
import { HttpStore } from './http-store.ts'
import { LocalStore } from './local-store.ts'
import { openS3 } from './s3-store.ts'
import type { ReadableStore, Store } from './store.ts'

/** Stores of sources that were opened, by the folder or bucket: a bucket's credentials are then asked for once. */
const opened = new Map<string, ReadableStore>()

/** The store that a file or folder lies in, to be read, and its key there. Takes absolute paths and addresses. */
export function openAddress(address: string): { readonly store: ReadableStore; readonly key: string } {
  const [root, key] = splitAddress(address)
  let store = opened.get(root)
  if (!store) opened.set(root, (store = openRoot(root)))
  return { store, key }
}

/** A folder or a prefix that can be written to. Throws `DatasetError` `dataset_store_failed` where nothing can be. */
export function openOutput(address: string): Store {
  if (isS3(address)) return openS3(asFolder(address))
  if (!isAddress(address)) return new LocalStore(address)
  throw new DatasetError(
    'dataset_store_failed',
    `${address} cannot be written to. Give a folder of this machine or an s3:// address for --out.`,
    { store: address },
  )
}

function splitAddress(address: string): [root: string, key: string] {
  if (isS3(address)) {
    const end = address.indexOf('/', 's3://'.length) + 1
    return end === 0 ? [address, ''] : [address.slice(0, end), address.slice(end)]
  }
  if (isWeb(address)) {
    const end = `${address}/`.indexOf('/', 'https://'.length) + 1
    return [`${address}/`.slice(0, end), address.slice(end)]
  }
  if (isAddress(address)) {
    throw new DatasetError(
      'dataset_source_invalid',
      `${address} cannot be read: sources are paths, http(s):// and s3:// addresses.`,
      { source: address },
    )
  }
  // All of a machine's files are one store.
  return ['/', address.replace(/^\/+/, '')]
}

function openRoot(root: string): ReadableStore {
  if (isS3(root)) return openS3(asFolder(root))
  return isWeb(root) ? new HttpStore(root) : new LocalStore(root)
}
