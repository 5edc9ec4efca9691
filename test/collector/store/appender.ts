/**
 * A process that appends to an embedded store until it is killed: `appender.ts <folder>`. It asks where it
 * stands, goes back a little as agents do, and prints `<stream> <records>` for all that was acknowledged.
 */
import { batch, DAY, origin } from './corpus.ts'
import { openEmbedded } from './folder.ts'

/** Every record takes this many bytes of its file, so a position tells how many there are. */
export const RECORD_BYTES = 64
export const STREAMS = 3

export const sourceOf = (stream: number) => origin(`app${stream}`, 'h1')

export function textOf(stream: number, record: number): string {
  return `stream ${stream} record ${record} ${'abcdefghij'.repeat(record % 7)} ${(record * 2_654_435_761) % 4_294_967_296}`
}

export function timeOf(record: number): bigint {
  return DAY + BigInt(record) * 10_000_000_000n
}

async function append(path: string): Promise<void> {
  const store = await openEmbedded(path, { rotateAt: { rows: 3000 } })
  const write = async (stream: number) => {
    const source = sourceOf(stream)
    const [states] = await store.positions([source])
    let at = Math.max(0, (states?.[0]?.stored ?? 0) / RECORD_BYTES - 40)
    for (;;) {
      const count = 1 + ((at * 7919) % 180)
      const lines = Array.from({ length: count }, (_, n) => ({
        text: textOf(stream, at + n),
        time: timeOf(at + n),
        bytes: RECORD_BYTES
      }))
      await store.append([batch(source, lines, at * RECORD_BYTES)])
      at += count
      process.stdout.write(`${stream} ${at}\n`)
    }
  }
  await Promise.all(Array.from({ length: STREAMS }, (_, stream) => write(stream)))
}

const [, script, path] = process.argv
if (script?.endsWith('appender.ts') && path) await append(path)
