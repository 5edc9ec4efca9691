/**
 * Many agents in one process, each with a few containers that write a little all the time. argv: hub's address, hosts,
 * lines a second of each. Message {seconds} begins; the answer is AgentsFigures.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { dockerRecord, workload } from './generator.ts'
import { type Host, Speaker } from './speaker.ts'

export interface AgentsFigures {
  lines: number
  deliveries: number
  seconds: number
  /** From the request to the receipt. */
  timesMs: number[]
  /** What the hub asked the agents to gather for, at the end. */
  gatherMs: number
}

const [url = '', hostCount = '200', rate = '100'] = process.argv.slice(2)
const CONTAINERS = 5
/** Texts to take from, over and over again. */
const TEXTS = [...workload(10_000, { startMs: 0, spanMs: 1000 }).lines()].map(({ text }) => text)
const speaker = new Speaker(url)
const hosts: Host[] = []
for (let index = 0; index < Number(hostCount); index++) {
  hosts.push(await speaker.join(`bench-${index + 1}`, CONTAINERS))
}
process.send?.({ ready: true })
process.on('message', ({ seconds }: { seconds: number }) => void speakAll(seconds))
process.on('disconnect', () => process.exit(0))

async function speakAll(seconds: number): Promise<void> {
  const figures: AgentsFigures = { lines: 0, deliveries: 0, seconds, timesMs: [], gatherMs: 0 }
  const untilMs = performance.now() + seconds * 1000
  await Promise.all(hosts.map((host, index) => speak(host, index, untilMs, figures)))
  figures.gatherMs = Math.max(...hosts.map((host) => host.gatherMs))
  process.send?.(figures)
}

/** As an agent does: gathers, delivers, waits for the receipt, gathers. */
async function speak(host: Host, index: number, untilMs: number, figures: AgentsFigures): Promise<void> {
  await sleep((index * 97) % 1000)
  let lastMs = performance.now()
  let owed = 0
  let turn = index
  while (performance.now() < untilMs) {
    const nowMs = performance.now()
    owed += ((nowMs - lastMs) / 1000) * Number(rate)
    lastMs = nowMs
    const texts = Array.from({ length: CONTAINERS }, () => '')
    for (; owed >= 1; owed--, turn++) {
      const record = dockerRecord(TEXTS[turn % TEXTS.length] ?? '', 'stdout', Date.now(), turn)
      texts[turn % CONTAINERS] += record
      figures.lines++
    }
    await speaker.deliver(
      host,
      texts.map((text) => Buffer.from(text))
    )
    figures.timesMs.push(performance.now() - nowMs)
    figures.deliveries++
    await sleep(Math.max(1, host.gatherMs - (performance.now() - nowMs)))
  }
}
