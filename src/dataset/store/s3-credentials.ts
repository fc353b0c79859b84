import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { DatasetError } from '../../base/errors.ts'
import { send } from './send.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** Milliseconds since 1970 after which they must be asked for anew. */
  readonly expires?: number | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Asked for again so long before they end. */
const EARLY_MS = 300_000

/** Credentials where AWS's own tools look for them, kept until they end. Throws `DatasetError` `dataset_store_failed`. */
export class CredentialSource {
  #found: Promise<Credentials> | undefined

  constructor(private readonly env: Environment) {}

  async get(): Promise<Credentials> {
    const kept = await this.#found?.catch(() => undefined)
    if (kept && (kept.expires === undefined || kept.expires - Date.now() > EARLY_MS)) return kept
    return (this.#found = findCredentials(this.env))
  }
}

async function findCredentials(env: Environment): Promise<Credentials> {
  const found = fromEnvironment(env) ?? (await fromContainer(env)) ?? (await fromFile(env))
  if (found) return found
  throw new DatasetError(
    'dataset_store_failed',
    'There are no credentials for s3://. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_ENDPOINT_URL for a store that ' +
      'is not Amazon’s), or write them into ~/.aws/credentials. The role of an EC2 instance and SSO are not asked: `aws configure ' +
      'export-credentials --format env` gives what they stand for.',
  )
}

function fromEnvironment(env: Environment): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (!accessKeyId || !secretAccessKey) return undefined
  return { accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] || undefined }
}

/** Of a task's role: ECS and AWS Batch give a path, EKS an address and a token. */
async function fromContainer(env: Environment): Promise<Credentials | undefined> {
  const path = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
  const url = path ? `http://169.254.170.2${path}` : env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
  if (!url) return undefined
  const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
  const token = file ? (await readFile(file, 'utf8')).trim() : env['AWS_CONTAINER_AUTHORIZATION_TOKEN']
  const headers: Record<string, string> = token ? { authorization: token } : {}
  const { body } = await send(() => new Request(url, { headers }))
  const answer = JSON.parse(new TextDecoder().decode(body)) as Record<string, string>
  return {
    accessKeyId: answer['AccessKeyId']!,
    secretAccessKey: answer['SecretAccessKey']!,
    sessionToken: answer['Token'],
    expires: Date.parse(answer['Expiration'] ?? '') || undefined,
  }
}

async function fromFile(env: Environment): Promise<Credentials | undefined> {
  const path = env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(homedir(), '.aws', 'credentials')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const profile = sectionOf(text, env['AWS_PROFILE'] ?? 'default')
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = profile
  if (!accessKeyId || !secretAccessKey) return undefined
  return { accessKeyId, secretAccessKey, sessionToken: profile['aws_session_token'] }
}

function sectionOf(text: string, name: string): Record<string, string | undefined> {
  const values: Record<string, string> = {}
  let inside = false
  for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
    if (line.startsWith('[')) inside = line.slice(1, -1).trim() === name
    const equals = line.indexOf('=')
    if (inside && equals > 0) values[line.slice(0, equals).trim()] = line.slice(equals + 1).trim()
  }
  return values
}
