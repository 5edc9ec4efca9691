/** The hosts of test/services/docker, as tests use them. */
import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const NET = process.env['DOCKER_NET'] ?? '10.99.0'
const SCRIPT = fileURLToPath(new URL('../../services/docker', import.meta.url))
const DIR = process.env['DOCKER_DIR'] ?? '/tmp/driftlog-test/docker'

/** This machine's address on the hosts' network: where a hub listens that they are to reach. */
export const HUB_ADDRESS = `${NET}.254`
export const IMAGE = 'busybox:local'

export interface RunOptions {
  name: string
  /** Command in the container. */
  command: string[]
  labels?: Record<string, string>
  logOptions?: Record<string, string>
  /** More words for `docker run`. */
  more?: string[]
}

export interface DockerHost {
  number: number
  name: string
  address: string
  socket: string
  /** The engine's data folder. */
  data: string
  /** Words to put before a command that shall run inside this host. */
  inside: string[]
  /** Words for a registry inside this host; its port follows them. */
  registry: string[]
  docker(...args: string[]): Promise<string>
  /** The same with words that stand before the command. */
  dockerWith(words: readonly string[], ...args: string[]): Promise<string>
  /** Starts a container, detached; resolves to its id. */
  run(options: RunOptions): Promise<string>
  /** Texts that the container's json-file holds now, generations that still exist, oldest first. */
  written(container: string): AsyncGenerator<string>
  cut(): Promise<void>
  heal(): Promise<void>
  crash(): Promise<void>
  up(): Promise<void>
  /** Gives it the image node:local, made from this machine's own Node. */
  base(): Promise<void>
}

export function dockerHost(number: number): DockerHost {
  const home = join(DIR, `host-${number}`)
  const socket = join(home, 'docker.sock')
  const data = join(home, 'data')
  const script = (...args: string[]) => run(SCRIPT, args).then(() => undefined)
  const dockerWith = async (words: readonly string[], ...args: string[]) =>
    (await run('docker', [...words, '-H', `unix://${socket}`, ...args], { maxBuffer: 1 << 26 })).stdout.trim()
  const docker = (...args: string[]) => dockerWith([], ...args)
  return {
    number,
    name: `host-${number}`,
    address: `${NET}.${number}`,
    socket,
    data,
    inside: [SCRIPT, 'in', String(number)],
    registry: [SCRIPT, 'registry', String(number)],
    docker,
    dockerWith,
    run: ({ name, command, labels = {}, logOptions = {}, more = [] }) =>
      docker(
        'run',
        '-d',
        '--network',
        'host',
        '--name',
        name,
        ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
        ...Object.entries(logOptions).flatMap(([key, value]) => ['--log-opt', `${key}=${value}`]),
        ...more,
        IMAGE,
        ...command
      ),
    written: (container) => written(join(data, 'containers', container), container),
    cut: () => script('cut', String(number)),
    heal: () => script('heal', String(number)),
    crash: () => script('crash', String(number)),
    up: () => script('up', String(number)),
    base: () => script('base', String(number))
  }
}

async function* written(folder: string, container: string): AsyncGenerator<string> {
  const base = `${container}-json.log`
  const names = (await readdir(folder)).filter((name) => name === base || /-json\.log\.\d+$/.test(name))
  const age = (name: string) => (name === base ? 0 : Number(name.slice(base.length + 1)))
  for (const name of names.sort((a, b) => age(b) - age(a))) {
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
      const text = logOf(line)
      if (text !== undefined) yield text
    }
  }
}

/** A half record, as a crash leaves it, is no line. */
function logOf(line: string): string | undefined {
  try {
    return (JSON.parse(line) as { log: string }).log.replace(/\n$/, '')
  } catch {
    return undefined
  }
}
