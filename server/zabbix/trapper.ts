/** The port of a Zabbix server (or proxy) where values and greetings of agents arrive: one request for a connection. */
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { ZabbixAwayError } from './errors.ts'
import { dataOf, packetOf } from './packet.ts'

export interface TrapperSettings {
  host: string
  port: number
  /** Where the server demands it: a name, and a key of 16 to 256 bytes in hexadecimal digits. */
  psk?: { identity: string; key: string }
  timeoutMs: number
}

/** Sends one request and resolves to the answer. Rejects with ZabbixAwayError. */
export function askTrapper(settings: TrapperSettings, request: object): Promise<unknown> {
  const { host, port, timeoutMs } = settings
  return new Promise((resolve, reject) => {
    const socket = connectTo(settings)
    const fail = (reason: string) => {
      socket.destroy()
      reject(new ZabbixAwayError(`${host}:${port}`, reason))
    }
    const deadline = setTimeout(() => fail('no answer in time'), timeoutMs)
    let received = Buffer.alloc(0)
    socket.on(settings.psk ? 'secureConnect' : 'connect', () => socket.write(packetOf(request)))
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
      try {
        const answer = dataOf(received)
        if (answer === undefined) return
        resolve(answer)
        socket.end()
      } catch (error) {
        fail((error as Error).message)
      }
    })
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => {
      clearTimeout(deadline)
      // Where there was an answer this changes nothing.
      fail('it ended the connection without an answer')
    })
  })
}

function connectTo({ host, port, psk }: TrapperSettings): Socket {
  if (!psk) return connectPlain({ host, port })
  const key = Buffer.from(psk.key, 'hex')
  return connectSecure({
    ...{ host, port, ciphers: 'PSK' },
    pskCallback: () => ({ psk: key, identity: psk.identity }),
    // The key proves who it is: there is no certificate.
    checkServerIdentity: () => undefined
  })
}
