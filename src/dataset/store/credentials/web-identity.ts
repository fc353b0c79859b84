import type { Environment } from '../../../base/environment.ts'
import { send } from '../send.ts'
import { type Credentials, noCredentials, readToken } from './credentials.ts'

/** Of a role for service accounts (EKS): a token in a file, which STS changes for credentials. */
export async function fromWebIdentity(env: Environment): Promise<Credentials | undefined> {
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role } = env
  if (!file || !role) return undefined
  const url = env['AWS_ENDPOINT_URL_STS'] || stsOf(env['AWS_REGION'] || env['AWS_DEFAULT_REGION'])
  const make = async (): Promise<Request> =>
    new Request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        Action: 'AssumeRoleWithWebIdentity',
        Version: '2011-06-15',
        RoleArn: role,
        RoleSessionName: env['AWS_ROLE_SESSION_NAME'] || 'icthp',
        // Read anew for every try: it is renewed in place.
        WebIdentityToken: await readToken('AWS_WEB_IDENTITY_TOKEN_FILE', file),
      }).toString(),
    })
  const { body } = await send(make)
  const xml = new TextDecoder().decode(body)
  const [accessKeyId, secretAccessKey] = [textOf(xml, 'AccessKeyId'), textOf(xml, 'SecretAccessKey')]
  if (!accessKeyId || !secretAccessKey) throw noCredentials(url)
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: textOf(xml, 'SessionToken'),
    expires: Date.parse(textOf(xml, 'Expiration') ?? '') || undefined,
  }
}

function stsOf(region: string | undefined): string {
  if (!region) return 'https://sts.amazonaws.com/'
  return `https://sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`
}

const textOf = (xml: string, tag: string): string | undefined =>
  new RegExp(`<${tag}>([^<]+)</${tag}>`).exec(xml)?.[1]?.trim()
