/** Following a deploy on the command line, where the connection or the deploy does not go well. */
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import type { Deploy, DeployStep } from '../../../server/deploys/deploy.ts'
import { command, startCommand } from './command.ts'
import { hubThatSays, sendEvent, sendJson } from './hub-that-says.ts'

const DEPLOY: Deploy = {
  id: '0198',
  app: 'orders',
  environment: 'staging',
  version: 3,
  reference: 'registry.example.org/orders:1.4',
  by: { kind: 'token', name: 'ci' },
  state: 'running',
  createdMs: 1_700_000_000_000,
  startedMs: 1_700_000_001_000,
  slots: [
    { slot: 1, host: 'h1', hostName: 'berlin-1', kind: 'replace', differs: ['image'], state: 'changing' }
  ],
  checks: []
}

function step(seq: number, change: Partial<DeployStep> = {}): DeployStep {
  return { seq, atMs: 1_700_000_000_000 + seq, step: 'pull', state: 'done', text: `word ${seq}`, ...change }
}

test('a connection that breaks is taken up again where it stood: each step is said once, and success ends with 0', async () => {
  const asked: (string | undefined)[] = []
  await using hub = await hubThatSays((request, response, url) => {
    if (!url.pathname.endsWith('/events')) {
      const isLater = asked.length > 0
      return sendJson(response, 200, { deploy: DEPLOY, steps: isLater ? [step(1), step(2)] : [step(1)] })
    }
    asked.push(request.headers['last-event-id'] as string | undefined)
    sendEvent(response, 'step', step(2, { slot: 1, host: 'h1' }), '2')
    if (asked.length === 1) return void setTimeout(() => response.destroy(), 50)
    sendEvent(response, 'step', step(3, { step: 'end' }), '3')
    finish(response, 'succeeded')
  })
  const { code, stdout, stderr } = await command(['deploy', 'follow', '0198', '--utc', '--hub', hub.url])
  expect(stdout.match(/word \d/g)).toEqual(['word 1', 'word 2', 'word 3'])
  expect(stdout).toMatch(/#1 berlin-1 pull done {2}word 2\n[\s\S]*\nsucceeded\n$/)
  expect(stderr).toContain('The connection to the hub is lost')
  expect(asked).toEqual(['1', '2'])
  expect(code).toBe(0)
})

test.each(['rolled-back', 'failed', 'cancelled'] as const)(
  'a deploy that is %s ends with 1 and says why',
  async (state) => {
    await using hub = await hubThatSays((_request, response) =>
      sendJson(response, 200, { deploy: { ...DEPLOY, state, why: 'no\u001b[2Jhealth' }, steps: [step(1)] })
    )
    const [plain, json] = await Promise.all([
      command(['deploy', 'follow', '0198', '--hub', hub.url]),
      command(['deploy', 'follow', '0198', '--json', '--hub', hub.url])
    ])
    expect(plain).toMatchObject({ code: 1, stdout: expect.stringContaining(`${state}: nohealth\n`) })
    expect(json.code).toBe(1)
    const lines = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toEqual([{ step: step(1) }, { deploy: { ...DEPLOY, state, why: 'no\u001b[2Jhealth' } }])
  }
)

test('Ctrl-C ends the following with 130, and asks nothing of the hub that would end the deploy', async () => {
  const methods: string[] = []
  await using hub = await hubThatSays((request, response, url) => {
    methods.push(`${request.method} ${url.pathname}`)
    if (url.pathname.endsWith('/events')) sendEvent(response, 'step', step(1), '1')
    else sendJson(response, 200, { deploy: { ...DEPLOY, state: 'paused' }, steps: [] })
  })
  await using running = startCommand(['deploy', 'follow', '0198', '--hub', hub.url])
  await running.said(/word 1/)
  running.child.kill('SIGINT')
  const { code, stderr } = await running.ended
  expect(code).toBe(130)
  expect(stderr).toMatch(/driftlog deploy resume 0198[\s\S]*The deploy goes on; driftlog deploy follow 0198/)
  expect(methods).toEqual(['GET /api/deploys/0198', 'GET /api/deploys/0198/events'])
})

test.each<[string, string[], number, RegExp]>([
  ['no environment', ['orders'], 2, /required option '-e, --environment <name>'/],
  ['a check that says nothing', ['check', '0198', '--name', 'sonar'], 2, /either --passed or --failed/],
  ['a deploy that is not there', ['follow', '0198'], 5, /No deploy \(DRIFTLOG_DEPLOY_NOT_FOUND\)/],
  ['a token that may only read', ['approve', '0198'], 4, /demands deploy[\s\S]*--token-file/]
])('%s ends with its code and the way out', async (_name, args, exitCode, words) => {
  await using hub = await hubThatSays((request, response) =>
    request.method === 'GET'
      ? sendJson(response, 404, { code: 'DRIFTLOG_DEPLOY_NOT_FOUND', message: 'No deploy', statusCode: 404 })
      : sendJson(response, 403, { code: 'DRIFTLOG_SCOPE', message: 'It demands deploy', statusCode: 403 })
  )
  const { code, stderr } = await command(['deploy', ...args, '--hub', hub.url])
  expect(stderr).toMatch(words)
  expect(code).toBe(exitCode)
})

function finish(response: ServerResponse, state: Deploy['state']): void {
  sendEvent(response, 'deploy', { ...DEPLOY, state })
  sendEvent(response, 'end', {})
  response.end()
}
