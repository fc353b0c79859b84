import { readFile } from 'node:fs/promises'
import { DatasetError } from '../../../base/errors.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** Milliseconds since 1970 after which they must be asked for anew. */
  readonly expires?: number | undefined
}

/** What a metadata service answers. Throws `DatasetError` `dataset_store_failed`. */
export function parseAnswer(body: Uint8Array, where: string): Credentials {
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = objectIn(body)
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string') throw noCredentials(where)
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: typeof Token === 'string' ? Token : undefined,
    expires: Date.parse(String(Expiration)) || undefined,
  }
}

function objectIn(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(new TextDecoder().decode(body)) ?? {}) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** A token in the file that a variable of the environment names. Throws `DatasetError` `dataset_store_failed`. */
export async function readToken(variable: string, file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    throw new DatasetError(
      'dataset_store_failed',
      `The file that ${variable} names cannot be read (${(cause as Error).message}). Check that the token is mounted there.`,
      { path: file, cause },
    )
  }
}

export const noCredentials = (where: string): DatasetError =>
  new DatasetError(
    'dataset_store_failed',
    `${where} answers without credentials. Check the role that the task, the pod or the machine is given.`,
    { where },
  )
