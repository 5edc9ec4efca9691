/** Whether a Docker Engine answers here, and if not, what a person can do about it. */
import { access, constants } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { thisMachine } from '../../agent/doctor/machine.ts'
import { SOCKET_REASONS, type Standing, whereNoEngine } from '../../agent/doctor/ways-out.ts'

export type EngineThere =
  /** `unreadable`: it answers, but its log files can't be read by this user. */
  { kind: 'there'; unreadable?: string } | { kind: 'absent'; reason: string; hints: string[] }

const PATIENCE_MS = 3000

/** `containersDir`: where Docker's containers folder is for this process, if elsewhere than the engine says. */
export async function engineThere(
  socketPath: string,
  containersDir?: string,
  standing: Standing = thisMachine()
): Promise<EngineThere> {
  try {
    const { DockerRootDir } = JSON.parse(await get(socketPath, '/info')) as { DockerRootDir?: string }
    const folder = containersDir ?? join(DockerRootDir ?? '/var/lib/docker', 'containers')
    const readable = await access(folder, constants.R_OK | constants.X_OK).then(
      () => true,
      () => false
    )
    return readable ? { kind: 'there' } : { kind: 'there', unreadable: folder }
  } catch (error) {
    return absence(socketPath, error, standing)
  }
}

function absence(socketPath: string, error: unknown, standing: Standing): EngineThere {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason = SOCKET_REASONS[code] ?? (error instanceof Error ? error.message : String(error))
  return {
    kind: 'absent',
    reason: `no Docker Engine answers at ${socketPath}: ${reason}`,
    hints: whereNoEngine(socketPath, code, standing)
  }
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
