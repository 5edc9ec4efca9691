/** Containers of a pretended engine that write numbered lines until they are told to stop. */
import { join } from 'node:path'
import { type PretendedEngine, startPretendedEngine } from '../../server/demo/engine.ts'
import type { LogOptions } from '../../server/demo/jsonfile.ts'
import { numbered } from './lines.ts'

export interface Writers extends AsyncDisposable {
  engine: PretendedEngine
  socket: string
  /** How many lines each writer has written so far, by its name; the name is the app, too. */
  written: Map<string, number>
  /** Writes `perWriter` lines to every container at once. */
  burst(perWriter: number): void
  /** Begins to write about so many lines a second over all containers. */
  begin(linesPerSecond: number): void
  pause(): void
}

const TICK_MS = 20

export async function startWriters(
  folder: string,
  options: {
    name: string
    containers: number
    logOptions?: LogOptions
    payloadOf?: (number: number) => string
  }
): Promise<Writers> {
  const socket = join(folder, `${options.name}.sock`)
  const engine = await startPretendedEngine({
    socketPath: socket,
    dir: join(folder, `${options.name}-docker`),
    id: `engine-${options.name}`,
    name: options.name
  })
  const written = new Map<string, number>()
  for (let index = 0; index < options.containers; index++) {
    const name = `${options.name}-writer${String.fromCharCode(97 + index)}`
    engine.run({ name, image: 'writer:1', logOptions: options.logOptions ?? {} })
    written.set(name, 0)
  }
  const burst = (perWriter: number) => {
    for (const [name, from] of written) {
      let text = ''
      for (let number = from; number < from + perWriter; number++)
        text += `${numbered(name, number, options.payloadOf?.(number))}\n`
      engine.write(name, 'stdout', text)
      written.set(name, from + perWriter)
    }
  }
  let timer: NodeJS.Timeout | undefined
  const pause = () => clearInterval(timer)
  return {
    engine,
    socket,
    written,
    burst,
    begin: (linesPerSecond) => {
      pause()
      const perTick = Math.max(1, Math.round((linesPerSecond * TICK_MS) / 1000 / options.containers))
      timer = setInterval(() => burst(perTick), TICK_MS)
    },
    pause,
    [Symbol.asyncDispose]: async () => {
      pause()
      await engine.close()
    }
  }
}

export function totalOf(written: Map<string, number>): number {
  return [...written.values()].reduce((sum, lines) => sum + lines, 0)
}
