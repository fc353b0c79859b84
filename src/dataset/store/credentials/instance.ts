import type { Environment } from '../../../base/environment.ts'
import { type Credentials, noCredentials, parseAnswer } from './credentials.ts'

/** Nothing answers at once where no such service is. */
const TIMEOUT_MS = 1000

/** Of the role of an EC2 machine, by the second version of its metadata service; undefined where there is none. */
export async function fromInstance(env: Environment): Promise<Credentials | undefined> {
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return undefined
  const given = env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || 'http://169.254.169.254'
  const base = given.endsWith('/') ? given.slice(0, -1) : given
  const token = await textAt(`${base}/latest/api/token`, {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' },
  })
  if (token === undefined) return undefined
  const headers = { 'x-aws-ec2-metadata-token': token }
  const roles = `${base}/latest/meta-data/iam/security-credentials/`
  const role = (await textAt(roles, { headers }))?.trim().split('\n')[0]
  if (!role) return undefined
  const answer = await textAt(roles + role, { headers })
  if (answer === undefined) throw noCredentials(roles + role)
  return parseAnswer(new TextEncoder().encode(answer), roles + role)
}

/** Undefined where there is no answer, or none that is of use. */
async function textAt(url: string, init: RequestInit): Promise<string | undefined> {
  for (let tries = 0; tries < 2; tries++) {
    try {
      const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) })
      if (answer.ok) return await answer.text()
      if (answer.status < 500) return undefined
    } catch {
      // Asked once more: the first packet may be lost.
    }
  }
  return undefined
}
