import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CredentialSource } from '../../../src/dataset/store/s3-credentials.ts'
import { datasetRoom } from '../dataset-room.ts'

const room = datasetRoom()
let server: Server
let base: string
/** What is answered at a path, by what was asked. */
let routes: Record<string, (request: IncomingMessage, body: string) => string | undefined>

beforeEach(async () => {
  routes = {}
  server = createServer(async (request, response) => {
    const answer = routes[`${request.method} ${request.url}`]?.(request, await text(request))
    response.writeHead(answer === undefined ? 404 : 200).end(answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

/** Nothing of this machine's own. */
const alone = (): Record<string, string> => ({
  AWS_SHARED_CREDENTIALS_FILE: room.at('credentials'),
  AWS_CONFIG_FILE: room.at('config'),
  AWS_EC2_METADATA_DISABLED: 'true',
})
const get = (env: Record<string, string>) => new CredentialSource({ ...alone(), ...env }).get()
const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString()
const answerOf = (id: string, hours = 6): string =>
  JSON.stringify({
    AccessKeyId: id,
    SecretAccessKey: 'secret',
    Token: 'token',
    Expiration: inHours(hours),
  })

test.each([
  ['AWS_WEB_IDENTITY_TOKEN_FILE', { AWS_ROLE_ARN: 'arn:r' }],
  ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://localhost:1/' }],
])('%s that cannot be read is told', async (variable, env) => {
  await expect(get({ ...env, [variable]: room.at('none') } as Record<string, string>)).rejects.toMatchObject({
    code: 'dataset_store_failed',
    message: expect.stringContaining(`The file that ${variable} names cannot be read (ENOENT`),
  })
})

test('a profile of ~/.aws/credentials, else of ~/.aws/config', async () => {
  await room.write(
    'credentials',
    '# keys\r\n[default]\r\naws_access_key_id = A\r\naws_secret_access_key=a=b\r\n[work]\nAWS_ACCESS_KEY_ID=W\naws_secret_access_key=w\naws_session_token=t\n',
  )
  await room.write(
    'config',
    '[default]\nregion = eu-west-1\n[profile  other]\naws_access_key_id=O\naws_secret_access_key=o\n#aws_session_token=no\n',
  )
  expect(await get({})).toEqual({ accessKeyId: 'A', secretAccessKey: 'a=b', sessionToken: undefined })
  expect(await get({ AWS_PROFILE: 'work' })).toMatchObject({ accessKeyId: 'W', sessionToken: 't' })
  expect(await get({ AWS_PROFILE: 'other' })).toMatchObject({ accessKeyId: 'O', sessionToken: undefined })
  await expect(get({ AWS_PROFILE: 'none' })).rejects.toMatchObject({
    code: 'dataset_store_failed',
    message: expect.stringContaining('There are no credentials for s3://.'),
  })
})

test('the role of a service account (EKS): STS changes its token, which is read anew', async () => {
  const asked: URLSearchParams[] = []
  routes['POST /'] = (_request, body) => {
    asked.push(new URLSearchParams(body))
    return `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
      <SessionToken>t&lt;</SessionToken><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s/+=</SecretAccessKey>
      <Expiration>${inHours(0.05)}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
  }
  const file = await room.write('token', 'first\n')
  const source = new CredentialSource({
    ...alone(),
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
    AWS_ROLE_ARN: 'arn:aws:iam::1:role/icthp',
    AWS_ENDPOINT_URL_STS: `${base}/`,
  })
  expect(await source.get()).toMatchObject({ accessKeyId: 'ASIA', secretAccessKey: 's/+=' })
  // They end within minutes, so they are asked for again; while STS is away, they are still good.
  await room.write('token', 'second\n')
  await source.get()
  expect(asked.map((query) => query.get('WebIdentityToken'))).toEqual(['first', 'second'])
  expect(Object.fromEntries(asked[0]!)).toMatchObject({
    Action: 'AssumeRoleWithWebIdentity',
    RoleArn: 'arn:aws:iam::1:role/icthp',
    RoleSessionName: 'icthp',
  })
  routes = {}
  expect(await source.get()).toMatchObject({ accessKeyId: 'ASIA' })
})

test('the role of a task or pod: an address with a token, asked once while it is good', async () => {
  let times = 0
  routes['GET /role'] = ({ headers }) => {
    times++
    return headers.authorization === 'pod' ? answerOf('POD') : undefined
  }
  const file = await room.write('pod-token', 'pod\n')
  const source = new CredentialSource({
    ...alone(),
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${base}/role`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
  })
  expect(await source.get()).toMatchObject({ accessKeyId: 'POD', sessionToken: 'token' })
  await source.get()
  expect(times).toBe(1)
  await expect(get({ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.com/role' })).rejects.toMatchObject({
    code: 'input_invalid_option',
  })
  routes['GET /role'] = () => '{"Message":"no role"}'
  await expect(get({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${base}/role` })).rejects.toMatchObject({
    code: 'dataset_store_failed',
    message: expect.stringContaining('answers without credentials. Check the role'),
  })
})

test('the role of an EC2 machine, by the second version of its metadata service', async () => {
  const folder = '/latest/meta-data/iam/security-credentials/'
  const known = ({ headers }: IncomingMessage): boolean => headers['x-aws-ec2-metadata-token'] === 'session'
  routes['PUT /latest/api/token'] = ({ headers }) =>
    headers['x-aws-ec2-metadata-token-ttl-seconds'] === '21600' ? 'session' : undefined
  routes[`GET ${folder}`] = (request) => (known(request) ? 'worker\n' : undefined)
  routes[`GET ${folder}worker`] = (request) => (known(request) ? answerOf('EC2') : undefined)
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: base, AWS_EC2_METADATA_DISABLED: '' }
  expect(await get(env)).toMatchObject({ accessKeyId: 'EC2', sessionToken: 'token' })
  await expect(get({ ...env, AWS_EC2_METADATA_DISABLED: 'true' })).rejects.toMatchObject({
    code: 'dataset_store_failed',
  })
  // Keys that are set go before all roles.
  expect(await get({ ...env, AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'a' })).toMatchObject({
    accessKeyId: 'A',
  })
})
