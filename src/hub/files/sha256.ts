import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { StreamHash } from '../http/transfer.ts'

/** For platforms that hash nothing piece by piece themselves: WebCrypto wants all bytes at once. */
export function startSha256(): StreamHash {
  const hash = sha256.create()
  return { update: (bytes) => hash.update(bytes), digest: () => bytesToHex(hash.digest()) }
}

export const sha256Hex = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)))
