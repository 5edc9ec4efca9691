/** Tokens, certificates and https on the command line, with real processes. */
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { certificateFolder } from '../../fakes/certificates.ts'
import { command, type Ended, type Running, startCommand } from '../../server/cli/command.ts'

const PATIENCE = { timeout: 120_000 }

test(
  'a made pair serves; readers know it by fingerprint, by authority, or on the same machine by itself',
  PATIENCE,
  async () => {
    await using folder = await tempFolder()
    const made = await command([
      'certificate',
      '--out',
      join(folder.path, 'tls'),
      '--name',
      'logs.example',
      '127.0.0.1'
    ])
    expect(made, made.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Made for logs.example, 127.0.0.1')
    })
    const settings = Object.fromEntries(
      made.stdout
        .trim()
        .split('\n')
        .map((line) => line.split('=', 2))
    )
    const { DRIFTLOG_TLS_CERT_FILE: certFile = '', DRIFTLOG_TLS_KEY_FILE: keyFile = '' } = settings
    const { DRIFTLOG_HUB_FINGERPRINT: fingerprint = '' } = settings
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600)
    expect(await command(['certificate', '--out', join(folder.path, 'tls')])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('is there already')
    })

    const data = join(folder.path, 'data')
    await using hub = startHub(data, ['--tls-cert', certFile, '--tls-key', keyFile])
    const url = await addressOf(hub)
    expect(url).toMatch(/^https:/)
    expect((await hub.said(/Certificate (\S+)/))[1]).toBe(fingerprint)
    const joins = /Another host joins by: (.*)/.exec(hub.stderr())?.[1]
    expect(joins).toContain(`driftlog agent --hub https://`)
    expect(joins).toContain(`--fingerprint ${fingerprint}`)
    // Output that may be kept for long names the file, not the token.
    expect(joins).toContain(`DRIFTLOG_JOIN_TOKEN="$(cat ${data}/tokens/join)"`)

    const tokenFile = join(data, 'tokens', 'read')
    const read = (args: string[], env: NodeJS.ProcessEnv = {}) =>
      command(['status', '--json', '--hub', url, '--token-file', tokenFile, ...args], {
        DRIFTLOG_DATA_DIR: '/nowhere',
        ...env
      })
    const other = `sha256:${'0'.repeat(64)}`
    const [self, pinned, named, byFlag, wrong, nobody, clear, health] = await Promise.all([
      command(['status', '--json', '--hub', url], { DRIFTLOG_DATA_DIR: data }),
      read(['--fingerprint', fingerprint]),
      read(['--ca', certFile]),
      read(['--ca', certFile], { DRIFTLOG_HUB_FINGERPRINT: other }),
      read(['--fingerprint', other]),
      read([]),
      command(['status', '--hub', url.replace('https', 'http')]),
      command(['health', 'hub'], {
        DRIFTLOG_LISTEN_PORT: new URL(url).port,
        DRIFTLOG_TLS_CERT_FILE: certFile
      })
    ])
    for (const good of [self, pinned, named, byFlag]) expect(good, good.stderr).toMatchObject({ code: 0 })
    expect(wrong).toMatchObject({ code: 3, stderr: expect.stringContaining('DRIFTLOG_HUB_FINGERPRINT') })
    expect(wrong.stderr).toContain(`seen ${fingerprint}, expected ${other}`)
    expect(nobody).toMatchObject({ code: 3, stderr: expect.stringContaining('it is signed by itself') })
    expect(nobody.stderr).toContain(fingerprint)
    expect(clear.stderr).toContain('DRIFTLOG_PLAIN_HTTP')
    expect(health).toMatchObject({ code: 0, stdout: expect.stringContaining('hub answers 200') })
    await stopped(hub)
  }
)

test.each<[string, string[], RegExp]>([
  ['both whom to trust', ['--ca', 'x', '--fingerprint', 'y'], /conflict|cannot be used/],
  ['a fingerprint that is none', ['--fingerprint', 'abc'], /is no fingerprint/],
  ['an authority that is not there', ['--ca', '/nowhere'], /can not be used: ENOENT/]
])('%s ends with 2', async (_name, flags, words) => {
  const ended = await command(['status', '--hub', 'https://127.0.0.1:1', ...flags])
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(words) })
})

test('an address with a password in it is refused without being repeated', async () => {
  const [reader, agent] = await Promise.all([
    command(['status', '--hub', 'http://anna:hunter2@127.0.0.1:1']),
    command(['agent', '--hub', 'http://anna:hunter2@127.0.0.1:1'])
  ])
  for (const { code, stdout, stderr } of [reader, agent]) {
    expect([code === 2 || code === 5, (stdout + stderr).includes('hunter2')]).toEqual([true, false])
  }
})

test('tokens are issued, used, listed and revoked', PATIENCE, async () => {
  await using folder = await tempFolder()
  const data = join(folder.path, 'data')
  await using hub = startHub(data, [])
  const url = await addressOf(hub)
  await hub.said(/WARNING: tokens and lines go over the network in clear/)
  const here = { DRIFTLOG_DATA_DIR: data }
  const token = (args: string[], env: NodeJS.ProcessEnv = here) =>
    command(['token', ...args, '--hub', url], env)

  const issued = await token(['issue', '--name', 'anna', '--scope', 'read', '--expires-days', '90'])
  expect(issued, issued.stderr).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^dlr_[0-9a-f]{16}_[\w-]{32}\n$/)
  })
  const secret = issued.stdout.trim()
  const status = await command(['status', '--hub', url], {
    DRIFTLOG_TOKEN: secret,
    DRIFTLOG_DATA_DIR: '/nowhere'
  })
  expect(status, status.stderr).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('go over the network in clear')
  })

  const listed = JSON.parse((await token(['list', '--json'])).stdout)
  const known = listed.tokens.find(({ name }: { name: string }) => name === 'anna')
  expect(known).toMatchObject({ scopes: ['read'], expires: expect.any(String), lastUsed: expect.any(String) })
  const table = await token(['list'])
  expect(table.stdout).toMatch(new RegExp(`^${known.id} +anna +read `, 'm'))
  expect(table.stdout).not.toContain(secret.slice(-32))

  expect(await token(['revoke', known.id])).toMatchObject({
    code: 0,
    stdout: `Token ${known.id} (anna) is revoked.\n`
  })
  const [over, twice, key, nobody, short] = await Promise.all([
    command(['status', '--hub', url], { DRIFTLOG_TOKEN: secret }),
    token(['revoke', known.id]),
    token(['revoke', 'abc', '--host']),
    token(['list'], { DRIFTLOG_DATA_DIR: '/nowhere' }),
    token(['list'], { DRIFTLOG_TOKEN: (await readFile(join(data, 'tokens', 'read'), 'utf8')).trim() })
  ])
  expect(over).toMatchObject({ code: 4, stderr: expect.stringContaining('DRIFTLOG_TOKEN_UNKNOWN') })
  expect(twice).toMatchObject({ code: 5, stderr: expect.stringContaining('DRIFTLOG_TOKEN_NOT_FOUND') })
  expect(key).toMatchObject({ code: 5, stderr: expect.stringContaining('DRIFTLOG_HOST_KEY_NOT_FOUND') })
  expect(nobody).toMatchObject({ code: 4 })
  expect(short).toMatchObject({ code: 4, stderr: expect.stringContaining('DRIFTLOG_SCOPE') })

  // The hub's own first token, revoked, is another one at once.
  const own = await readFile(join(data, 'tokens', 'admin'), 'utf8')
  expect(await token(['revoke', own.slice(4, 20)])).toMatchObject({ code: 0 })
  await until(async () => (await readFile(join(data, 'tokens', 'admin'), 'utf8')) !== own)
  expect(await token(['list'])).toMatchObject({ code: 0 })
  await stopped(hub)
})

test('SIGHUP reads the certificate again, and a wrong one is told and not served', PATIENCE, async () => {
  await using folder = await tempFolder()
  await using certificates = await certificateFolder()
  const [one, two] = [await certificates.make('one'), await certificates.make('two')]
  const [cert, key] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')]
  await copyFile(one.certFile, cert)
  await copyFile(one.keyFile, key)
  await using hub = startHub(join(folder.path, 'data'), ['--tls-cert', cert, '--tls-key', key])
  await addressOf(hub)
  await writeFile(cert, 'nothing')
  hub.child.kill('SIGHUP')
  await hub.said(/the old one is served on/)
  await copyFile(two.certFile, cert)
  await copyFile(two.keyFile, key)
  hub.child.kill('SIGHUP')
  await hub.said(/a new certificate is served/)
  await hub.said(new RegExp(two.fingerprint))
  await stopped(hub)
})

test(
  'a join token that was given on the command line is not in the list of processes',
  PATIENCE,
  async () => {
    await using folder = await tempFolder()
    const secret = `dlj_${'0'.repeat(16)}_${'planted-secret-of-32-characters-'}`
    for (const args of [['--join', secret], [`--join=${secret}`]]) {
      await using agent = startCommand(
        ['agent', ...args, '--hub', 'http://127.0.0.1:9', '--state', join(folder.path, 'state')],
        {
          DRIFTLOG_AGENT_PORT: '0'
        }
      )
      await agent.said(/stays in the history of the shell/)
      const shown = await readFile(`/proc/${agent.child.pid}/cmdline`, 'utf8')
      expect(shown).toContain('agent')
      expect(shown).toContain('--hub')
      expect(shown).not.toContain('planted')
      agent.child.kill('SIGTERM')
      const ended = await agent.ended
      expect(ended.stdout + ended.stderr).not.toContain('planted')
    }
  }
)

function startHub(data: string, flags: string[]): Running {
  return startCommand(['hub', '--host', '0.0.0.0', '--port', '0', '--data', data, ...flags], {
    DRIFTLOG_STORE: 'memory'
  })
}

async function addressOf(hub: Running): Promise<string> {
  const [, address = ''] = await hub.said(/listens on (https?:\/\/\S+)/)
  await hub.said(/Another host joins by/)
  return address
}

async function stopped(hub: Running): Promise<Ended> {
  hub.child.kill('SIGTERM')
  const ended = await hub.ended
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  return ended
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await sleep(50)
}

async function tempFolder() {
  const path = await mkdtemp(join(tmpdir(), 'dl-access-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
