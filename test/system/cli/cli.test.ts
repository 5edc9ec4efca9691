import { expect, test } from 'vitest'
import { cliPage } from '../../docs/cli.ts'
import { command, startCommand } from '../../server/cli/command.ts'
import { hubThatSays, page, record, sendEvent, sendJson } from '../../server/cli/hub-that-says.ts'

const COMMANDS = [
  'up',
  'hub',
  'agent',
  'search',
  'tail',
  'status',
  'token',
  'certificate',
  'check',
  'health',
  'demo'
]
const UTC = '--utc'
/** Each run is a process of its own, and the machine may be busy. */
const PATIENCE = { timeout: 60_000 }

test('every command has help with examples, and the program lists them all', PATIENCE, async () => {
  const [main, search] = await Promise.all([command(['--help']), command(['search', '--help'])])
  expect(main).toMatchObject({ code: 0, stderr: '' })
  expect(main.stdout).toMatch(/Exit codes:\n {2}0 /)
  expect(search).toMatchObject({ code: 0, stderr: '' })
  expect(search.stdout).toContain('Usage: driftlog search')
  expect(main.stdout + search.stdout).not.toContain('\u001b')
  const sections = cliPage().split(/^## /m)
  for (const name of COMMANDS) {
    expect(main.stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    const section = sections.find((text) => text.startsWith(`driftlog ${name}\n`))
    expect(section).toContain(`Usage: driftlog ${name}`)
    expect(section).toContain('Examples:\n')
  }
})

test('wrong options, settings and commands end with 2 and say what would be right', PATIENCE, async () => {
  const [option, name, limit, setting, address, version] = await Promise.all([
    command(['search', '--lmit', '3', 'x']),
    command(['serch']),
    command(['search', '--limit', '0', 'x']),
    command(['hub', '--port', 'seven']),
    command(['status', '--hub', 'nowhere']),
    command(['--version'])
  ])
  expect(option).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean --limit?') })
  expect(name).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean search?') })
  expect(limit).toMatchObject({ code: 2, stderr: expect.stringContaining('from 1 to 100000') })
  expect(setting).toMatchObject({ code: 2, stderr: expect.stringContaining('DRIFTLOG_LISTEN_PORT="seven"') })
  expect(address).toMatchObject({ code: 2, stderr: expect.stringContaining('http://127.0.0.1:7400') })
  expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^driftlog \d+\.\d+\.\d+\n$/) })
})

test('each way a hub can fail has an exit code and a way out', PATIENCE, async () => {
  await using hub = await hubThatSays((request, response, url) => {
    if (url.pathname !== '/api/logs')
      sendJson(response, 403, {
        code: 'DRIFTLOG_SCOPE',
        message: 'This token lacks the scope "read".',
        statusCode: 403
      })
    else if (url.searchParams.get('q') === 'x') response.end('<html>a router</html>')
    else if (url.searchParams.get('q') === 'late') request.socket.destroy()
    else {
      const problem = {
        code: 'DRIFTLOG_QUERY',
        message: 'A quote is not closed.',
        statusCode: 400,
        from: 3,
        to: 7,
        fix: '"abc"'
      }
      sendJson(response, 400, problem)
    }
  })
  const [query, token, broken, none] = await Promise.all([
    command(['search', '用户 "abc', '--hub', hub.url]),
    command(['status', '--hub', hub.url]),
    command(['search', 'late', '--hub', hub.url]),
    command(['search', 'x', '--hub', 'http://127.0.0.1:1'])
  ])
  expect(query).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'error: A quote is not closed.\n  用户 "abc\n       ^^^^\nMeant perhaps: 用户 "abc"\n'
  })
  expect(token).toMatchObject({ code: 4, stderr: expect.stringContaining('--token-file') })
  expect(broken).toMatchObject({ code: 3, stderr: expect.stringContaining('the connection was broken') })
  expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining('driftlog up') })
})

test(
  'search turns pages, reads oldest to newest, and keeps remarks out of its answer',
  PATIENCE,
  async () => {
    const asked: Record<string, string>[] = []
    await using hub = await hubThatSays((_, response, url) => {
      const question = Object.fromEntries(url.searchParams)
      asked.push(question)
      const limit = Number(question['limit'])
      const first = question['after'] === undefined ? 0 : 1000
      const records = Array.from({ length: limit }, (_, n) => record(5000 - first - n, `line ${first + n}`))
      sendJson(response, 200, page(records, `after-${first + limit}`))
    })
    const newest = await command(['search', 'a', 'b', '-n', '1002', '--hub', hub.url, '--json'])
    expect(newest.code).toBe(0)
    const lines = newest.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).text)
    expect(lines).toEqual(Array.from({ length: 1002 }, (_, n) => `line ${1001 - n}`))
    expect(asked.map(({ q, limit, after, direction }) => [q, limit, after, direction])).toEqual([
      ['a b', '1000', undefined, 'older'],
      ['a b', '2', 'after-1000', 'older']
    ])
    expect(newest.stderr).toBe('1002 lines shown, there are more: --limit 10020, or --all.\n')
    const text = await command(['search', 'x', '-n', '2', '--reverse', UTC, '--hub', hub.url])
    expect(text.stdout).toBe(
      '2026-11-23 10:00:20.000 INFO  orders berlin-1  line 0\n2026-11-23 10:00:19.000 INFO  orders berlin-1  line 1\n'
    )
  }
)

test(
  'colours: none in a pipe, all where they are demanded, and a log line cannot steer the terminal',
  PATIENCE,
  async () => {
    await using hub = await hubThatSays((_, response) =>
      sendJson(response, 200, page([record(1, '\u001b[31mred\u001b[0m \u001b[2Jx', { level: 'error' })]))
    )
    const [pipe, forced] = await Promise.all([
      command(['search', 'x', '--hub', hub.url]),
      command(['search', 'x', '--hub', hub.url], { FORCE_COLOR: '1' })
    ])
    expect(pipe.stdout).toMatch(/ERROR orders berlin-1 {2}red x\n$/)
    expect(pipe.stdout).not.toContain('\u001b')
    expect(forced.stdout).toContain('\u001b[31mERROR\u001b[0m')
    expect(forced.stdout).toContain('\u001b[31mred\u001b[0m')
    expect(forced.stdout).not.toContain('\u001b[2J')
  }
)

test('nothing found ends with 1', PATIENCE, async () => {
  await using hub = await hubThatSays((_, response) => sendJson(response, 200, page([])))
  expect(await command(['search', 'x', '--hub', hub.url])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('--from now-7d')
  })
})

test('an export that is cut short is no success', PATIENCE, async () => {
  await using hub = await hubThatSays((_, response) => {
    const error = { code: 'DRIFTLOG_UNREADABLE', message: 'A part could not be read.', statusCode: 503 }
    response.end(`${JSON.stringify(record(1, 'one'))}\n${JSON.stringify({ error })}\n`)
  })
  const { code, stdout, stderr } = await command(['search', '--all', '--json', '--hub', hub.url])
  expect(code).toBe(5)
  expect(JSON.parse(stdout).text).toBe('one')
  expect(stderr).toContain('not complete: A part could not be read.')
})

test('Ctrl-C ends a search without a word', PATIENCE, async () => {
  await using hub = await hubThatSays(
    (_, response) => void response.write(`${JSON.stringify(record(1, 'one'))}\n`)
  )
  await using running = startCommand(['search', '--all', '--hub', hub.url])
  await running.said(/one/)
  running.child.kill('SIGINT')
  expect(await running.ended).toMatchObject({ code: 130, stderr: '' })
})

test('a reader that stops reading ends the search quietly', PATIENCE, async () => {
  await using hub = await hubThatSays((_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    const more = () => {
      while (response.writable && response.write(`${JSON.stringify(record(1, 'x'.repeat(500)))}\n`));
    }
    response.on('drain', more)
    more()
  })
  await using running = startCommand(['search', '--all', '--hub', hub.url])
  await running.said(/xxxx/)
  running.child.stdout?.destroy()
  expect(await running.ended).toMatchObject({ code: 0, stderr: '' })
})

test(
  'tail begins with the last lines, shows each line once, takes a broken connection up again, and ends with 0',
  PATIENCE,
  async () => {
    const lastIds: (string | undefined)[] = []
    await using hub = await hubThatSays((request, response, url) => {
      if (url.pathname === '/api/apps') return sendJson(response, 200, { apps: [{ app: 'orders' }] })
      if (url.pathname === '/api/logs')
        return sendJson(response, 200, page([record(2, 'before 2'), record(1, 'before 1')]))
      lastIds.push(request.headers['last-event-id']?.toString())
      sendEvent(response, 'beat', { hubTime: 'x', hosts: [] }, `cursor-${lastIds.length}`)
      if (lastIds.length === 1) {
        sendEvent(
          response,
          'records',
          { records: [record(2, 'before 2'), record(3, 'live 3')] },
          'cursor-three'
        )
        setTimeout(() => response.destroy(), 300)
        return
      }
      const move = {
        app: 'orders',
        environment: 'production',
        at: record(4, '').time,
        exitCode: 137,
        oomKilled: true,
        sameImage: true,
        awayMs: 4200
      }
      sendEvent(response, 'move', { ...move, fromHostName: 'berlin-1', toHostName: 'oslo-1' })
      sendEvent(response, 'gap', { app: 'orders', environment: 'production', instance: 'a'.repeat(16) })
      sendEvent(response, 'skipped', { count: 7, from: 'x', to: 'y' }, 'cursor-later')
      sendEvent(
        response,
        'records',
        { records: [record(4, 'live 4', { hostName: 'oslo-1' })] },
        'cursor-four'
      )
    })
    await using running = startCommand(['tail', 'orders', 'level>=info', UTC, '--hub', hub.url])
    await running.said(/live 4/)
    running.child.kill('SIGINT')
    const { code, stdout, stderr } = await running.ended
    expect(stdout.split('\n')).toEqual([
      '2026-11-23 10:00:01.000 INFO  berlin-1  before 1',
      '2026-11-23 10:00:02.000 INFO  berlin-1  before 2',
      '2026-11-23 10:00:03.000 INFO  berlin-1  live 3',
      '── 2026-11-23 10:00:04.000 orders moved berlin-1 → oslo-1 · out of memory · exit code 137 · away 4.2 s ──',
      '── lines of orders are lost, "driftlog status" says which and why ──',
      '── 7 lines left out: this reader was too slow ──',
      '2026-11-23 10:00:04.000 INFO  oslo-1  live 4',
      ''
    ])
    expect(lastIds).toEqual([undefined, 'cursor-three'])
    expect(stderr).toContain('trying again')
    expect(code).toBe(0)
  }
)
