import { expect, test } from 'vitest'
import type { StatsLatestAnswer } from '../../../server/api/stats.ts'
import { HubClient } from '../../../server/cli/client.ts'
import type { Output } from '../../../server/cli/search.ts'
import { watch } from '../../../server/cli/watch.ts'
import { startCommand } from './command.ts'
import { hubThatSays, sendJson } from './hub-that-says.ts'

const LATEST: StatsLatestAnswer = {
  hubTime: '2026-11-23T10:00:00.000000000Z',
  hosts: [
    {
      ...{ host: 'h1', hostName: 'berlin-1', live: true },
      values: { cpu: 1.25, memory: 1024 ** 3, memoryLimit: 4 * 1024 ** 3, load1: 0.5 }
    }
  ],
  instances: [
    {
      ...{ instance: 'i1', app: 'orders', environment: 'production', host: 'h1', hostName: 'berlin-1' },
      ...{ container: 'c1', containerName: 'orders-1\u001b[2J', state: 'running', health: 'healthy' },
      ...{ restarts: 3, started: '2026-11-23T09:00:00.000000000Z' },
      values: { cpu: 0.5, memory: 52_428_800, netRx: 2048, netTx: 0, pids: 7 }
    }
  ],
  units: {}
}

const hub = () => hubThatSays((_, response) => sendJson(response, 200, LATEST))

test('without a terminal: plain lines with their time, again and again, until Ctrl-C', async () => {
  await using server = await hub()
  await using running = startCommand(['status', '--watch', '--utc', '--hub', server.url])
  await running.said(/orders-1[\s\S]*orders-1/)
  running.child.kill('SIGINT')
  const { code, stdout } = await running.ended
  expect(code).toBe(0)
  expect(stdout).not.toContain('\u001b')
  const line = stdout.split('\n').find((text) => text.includes('orders-1')) ?? ''
  expect(line.split(/ {2,}/).slice(1)).toEqual([
    ...['orders', 'production', 'berlin-1', 'orders-1', 'healthy', '50.0 %', '50.0 MiB'],
    ...['2.0 KiB/s 0 B/s', '7', '3', '1.0 h']
  ])
  expect(stdout).toMatch(/berlin-1 +live +125.0 % +1.0 GiB \(25 %\) +0.50/)
})

test('--json: one object a look', async () => {
  await using server = await hub()
  await using running = startCommand(['status', '--watch', '--json', '--hub', server.url])
  await running.said(/\n[\s\S]*\n/)
  running.child.kill('SIGINT')
  const { code, stdout } = await running.ended
  expect(code).toBe(0)
  for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toEqual(LATEST)
})

test('on a terminal: a page of its own, no line too wide or too many, and the old page is back at the end', async () => {
  await using server = await hub()
  const stop = new AbortController()
  const written: string[] = []
  const ended = watch(
    new HubClient({ url: new URL(server.url) }),
    false,
    outputTo(written, () => written.length > 1 && stop.abort()),
    () => ({ columns: 40, rows: 5 }),
    stop.signal
  )
  expect(await ended).toBe(0)
  expect(written.at(0)).toBe('\u001b[?1049h\u001b[?25l')
  expect(written.at(-1)).toBe('\u001b[?25h\u001b[?1049l')
  const lines = (written[1] ?? '').replace(/\u001b\[[\d;?]*[A-Za-z]/g, '').split('\n')
  expect(lines.length).toBeLessThanOrEqual(5)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(40)
  expect(lines.join('\n')).toContain('more: a taller window')
})

test('a hub that refuses is told on the page that was there', async () => {
  await using server = await hubThatSays((_, response) =>
    sendJson(response, 401, { code: 'DRIFTLOG_TOKEN_MISSING', message: 'no token', statusCode: 401 })
  )
  const written: string[] = []
  const client = new HubClient({ url: new URL(server.url) })
  const { signal } = new AbortController()
  const screen = () => ({ columns: 80, rows: 24 })
  await expect(watch(client, false, outputTo(written), screen, signal)).rejects.toThrow('no token')
  expect(written).toEqual([])
})

function outputTo(written: string[], then: () => void = () => {}): Output {
  return {
    write: (text) => {
      written.push(text)
      then()
    },
    remark: () => {},
    progress: { say: () => {}, done: () => {} },
    look: { paint: (_, text) => text, colours: false, utc: true, withApp: true }
  }
}
