import type { Environment } from '../../base/environment.ts'
import { DatasetError } from '../../base/errors.ts'
import { fromContainer } from './credentials/container.ts'
import type { Credentials } from './credentials/credentials.ts'
import { fromInstance } from './credentials/instance.ts'
import { fromProfile } from './credentials/profile.ts'
import { fromWebIdentity } from './credentials/web-identity.ts'

/** Asked for again so long before they end. */
const EARLY_MS = 300_000

/** Credentials where AWS's own tools look for them, kept until they end. Throws `DatasetError` `dataset_store_failed`. */
export class CredentialSource {
  #found: Promise<Credentials> | undefined

  constructor(private readonly env: Environment) {}

  async get(): Promise<Credentials> {
    const kept = await this.#found?.catch(() => undefined)
    if (kept && leftOf(kept) > EARLY_MS) return kept
    const next = findCredentials(this.env)
    this.#found = next
    try {
      return await next
    } catch (error) {
      // They are good for some minutes yet.
      if (kept && leftOf(kept) > 0) return kept
      throw error
    }
  }
}

const leftOf = ({ expires = Infinity }: Credentials): number => expires - Date.now()

/** In the order in which AWS's tools ask. */
async function findCredentials(env: Environment): Promise<Credentials> {
  const found =
    fromEnvironment(env) ??
    (await fromWebIdentity(env)) ??
    (await fromProfile(env)) ??
    (await fromContainer(env)) ??
    (await fromInstance(env))
  if (found) return found
  throw new DatasetError(
    'dataset_store_failed',
    'There are no credentials for s3://. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_ENDPOINT_URL for a store that ' +
      'is not Amazon’s), write them into ~/.aws/credentials, or run where a role is given. SSO and roles of profiles are not asked: ' +
      '`aws configure export-credentials --format env` gives what they stand for.',
  )
}

function fromEnvironment(env: Environment): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (!accessKeyId || !secretAccessKey) return undefined
  return { accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] || undefined }
}
