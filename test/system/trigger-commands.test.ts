/** `driftlog trigger` and `driftlog notice` against a hub of its own process. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { command, startCommand } from '../server/cli/command.ts'

const TRIGGER = `
name: github
kind: github
rules:
  - { on: [push], branch: main, app: orders, environment: staging }
`

test('triggers and notices are put, listed, looked into and deleted', { timeout: 240_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-cli-triggers-'))
  try {
    await using hub = startCommand(['hub', '--port', '0', '--data', join(folder, 'data')])
    const [url = ''] = await hub.said(/http:\/\/127\.0\.0\.1:\d+/)
    const driftlog = (...args: string[]) => command([...args, '--hub', url])
    const written = async (name: string, text: string) => {
      await writeFile(join(folder, name), text)
      return join(folder, name)
    }

    const file = await written('github.yaml', TRIGGER)
    const made = await driftlog('trigger', 'put', file)
    expect(made, made.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S{16,}\n$/) })
    expect(made.stderr).toContain('called at /api/hooks/github')
    // Again it only changes the rules: nothing is told that was told before.
    expect(await driftlog('trigger', 'put', file)).toMatchObject({ code: 0, stdout: '' })
    const listed = await driftlog('trigger', 'list')
    expect(listed.stdout).toMatch(/^NAME .*\ngithub +github +\/api\/hooks\/github +orders → staging\n$/)
    expect(await driftlog('trigger', 'deliveries', 'github')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Nothing has come yet')
    })
    const headers = { 'content-type': 'application/json', 'x-github-event': 'push', 'x-github-delivery': '1' }
    await fetch(`${url}/api/hooks/github`, { method: 'POST', headers, body: '{}' })
    const deliveries = await driftlog('trigger', 'deliveries', 'github')
    expect(deliveries.stderr).toMatch(/1 callers? could not prove who they are/)
    const renewed = await driftlog('trigger', 'secret', 'github')
    expect(renewed.stdout).toMatch(/^\S{16,}\n$/)
    expect(renewed.stdout).not.toBe(made.stdout)
    expect((await driftlog('trigger', 'delete', 'github')).stdout).toBe('Trigger github is deleted.\n')
    expect(await driftlog('trigger', 'delete', 'github')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('DRIFTLOG_TRIGGER_NOT_FOUND')
    })

    const team = 'name: team\nkind: slack\nurl: https://hooks.slack.com/services/T0/B0/secret\n'
    const notice = await driftlog('notice', 'put', await written('team.yaml', team))
    expect(notice, notice.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('hooks.slack.com')
    })
    expect(notice.stdout).not.toContain('secret')
    const notices = await driftlog('notice', 'list', '--json')
    expect(JSON.parse(notices.stdout)).toMatchObject({ name: 'team', kind: 'slack', givenUp: 0 })
    expect((await driftlog('notice', 'delete', 'team')).stdout).toBe('Notice team is deleted.\n')

    const list = await written('list.yaml', '- a\n- b\n')
    expect(await driftlog('notice', 'put', list)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('must hold names and values')
    })
    const broken = await written('broken.yaml', 'name: [\n')
    expect(await driftlog('trigger', 'put', broken)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('neither YAML nor JSON')
    })
    hub.child.kill('SIGINT')
    expect((await hub.ended).code).toBe(0)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
