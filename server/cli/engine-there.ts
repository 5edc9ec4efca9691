/** Whether a Docker Engine answers here, and if not, what a person can do about it. */
import { access, constants } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'

export type EngineThere =
  /** `unreadable`: it answers, but its log files can't be read by this user. */
  { kind: 'there'; unreadable?: string } | { kind: 'absent'; reason: string; hints: string[] }

const PATIENCE_MS = 3000

/** `containersDir`: where Docker's containers folder is for this process, if elsewhere than the engine says. */
export async function engineThere(socketPath: string, containersDir?: string): Promise<EngineThere> {
  try {
    const { DockerRootDir } = JSON.parse(await get(socketPath, '/info')) as { DockerRootDir?: string }
    const folder = containersDir ?? join(DockerRootDir ?? '/var/lib/docker', 'containers')
    const readable = await access(folder, constants.R_OK | constants.X_OK).then(
      () => true,
      () => false
    )
    return readable ? { kind: 'there' } : { kind: 'there', unreadable: folder }
  } catch (error) {
    return absence(socketPath, error)
  }
}

function absence(socketPath: string, error: unknown): EngineThere {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const [reason, likely] = CAUSES[code] ?? [error instanceof Error ? error.message : String(error), 1]
  const hints = [
    'not installed: https://docs.docker.com/engine/install/',
    'not running: sudo systemctl start docker',
    'no permission: start Driftlog with sudo'
  ]
  const [first] = hints.splice(likely, 1)
  return {
    kind: 'absent',
    reason: `no Docker Engine answers at ${socketPath}: ${reason}`,
    hints: [
      ...(first === undefined ? [] : [first]),
      ...hints,
      'elsewhere: DRIFTLOG_DOCKER_SOCKET=/path/of/docker.sock'
    ]
  }
}

/** What the error means, and which of the hints is the likely one. */
const CAUSES: Record<string, [string, number]> = {
  ENOENT: ['there is no such file', 0],
  ENOTDIR: ['there is no such file', 0],
  ECONNREFUSED: ['nothing listens there', 1],
  EACCES: ['this user may not use it', 2],
  EPERM: ['this user may not use it', 2],
  ETIMEDOUT: ['it does not answer in time', 1]
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, timeout: PATIENCE_MS, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        text += part
      })
      answer.once('error', reject)
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve(text)
        else reject(new Error(`it answers ${answer.statusCode} to ${path}`))
      })
    })
    asked.once('timeout', () => asked.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
    asked.once('error', reject)
    asked.end()
  })
}
