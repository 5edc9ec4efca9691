/** Where the engine is: on this host, or on another one. Read from the environment as Docker's own programs read it. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { AgentError } from '../errors.ts'

export type EngineAddress =
  | { socketPath: string }
  | { protocol: 'http'; host: string; port: number }
  | { protocol: 'https'; host: string; port: number; ca?: Buffer; cert?: Buffer; key?: Buffer }

/** An engine on another machine: `tcp://`, with TLS where DOCKER_TLS_VERIFY or DOCKER_CERT_PATH says so. */
export function remoteEngine(dockerHost: string, env: NodeJS.ProcessEnv): EngineAddress {
  const url = URL.canParse(dockerHost) ? new URL(dockerHost) : undefined
  if (!url || !['tcp:', 'http:', 'https:'].includes(url.protocol) || !url.hostname) {
    throw new AgentError(
      'DRIFTLOG_CONFIG',
      `DOCKER_HOST is ${dockerHost}, but the agent speaks to engines by unix:///path/of/docker.sock or tcp://host:port; where only ssh leads there, forward its socket and set DRIFTLOG_DOCKER_SOCKET`
    )
  }
  const certPath = env['DOCKER_CERT_PATH']?.trim()
  const tls = url.protocol === 'https:' || Boolean(env['DOCKER_TLS_VERIFY']) || Boolean(certPath)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (tls ? 2376 : 2375)
  if (!tls) return { protocol: 'http', host, port }
  return { protocol: 'https', host, port, ...(certPath && certificates(resolve(certPath))) }
}

/** In words for a log. */
export function addressText(address: EngineAddress): string {
  if ('socketPath' in address) return address.socketPath
  return `${address.protocol}://${address.host}:${address.port}`
}

function certificates(folder: string): { ca: Buffer; cert: Buffer; key: Buffer } {
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => {
    try {
      return readFileSync(join(folder, name))
    } catch (error) {
      throw new AgentError(
        'DRIFTLOG_CONFIG',
        `DOCKER_CERT_PATH is ${folder}, but ${name} there cannot be read: ${(error as Error).message}`
      )
    }
  }) as [Buffer, Buffer, Buffer]
  return { ca, cert, key }
}
