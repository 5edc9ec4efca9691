/**
 * Values for trapper items, many in a packet, each with its own time: sent again after an answer was lost they are the
 * same values to the server. https://www.zabbix.com/documentation/6.0/en/manual/appendix/protocols/zabbix_sender
 */
import { ZabbixAwayError } from './errors.ts'
import { askTrapper, type TrapperSettings } from './trapper.ts'

export interface Value {
  /** The host's technical name. */
  host: string
  key: string
  /** As text: numbers in plain decimals, whole ones for items that take no others. */
  value: string
  /** Seconds since 1970. */
  clock: number
  /** 1 or more: 7.0 takes 0 for none and counts up from there, so that what is sent again may be kept twice. */
  ns: number
}

/** What the server says of values: it does not say which have failed. */
export interface Taken {
  processed: number
  /** Unknown host or key, host disabled, or not from here. A new item is unknown until the server has read it. */
  failed: number
}

/** Values in one packet, at most. */
const MOST_VALUES = 1000
/** A proxy of a group may send us on to another one of it. */
const MOST_REDIRECTS = 3

/** Resolves to what became of all of them. Rejects with ZabbixAwayError; those of the packets before are taken then. */
export async function sendValues(settings: TrapperSettings, values: readonly Value[]): Promise<Taken> {
  const taken: Taken = { processed: 0, failed: 0 }
  for (let from = 0; from < values.length; from += MOST_VALUES) {
    const { processed, failed } = await sendPacket(settings, values.slice(from, from + MOST_VALUES))
    taken.processed += processed
    taken.failed += failed
  }
  return taken
}

interface Answer {
  response?: string
  info?: string
  redirect?: { address?: string }
}

async function sendPacket(settings: TrapperSettings, data: readonly Value[]): Promise<Taken> {
  let at = settings
  for (let redirects = 0; ; redirects++) {
    const answer = (await askTrapper(at, { request: 'sender data', data })) as Answer
    const onward = addressOf(answer.redirect?.address)
    if (onward && redirects < MOST_REDIRECTS) {
      at = { ...settings, ...onward }
      continue
    }
    const [, processed, failed] = /processed: (\d+); failed: (\d+)/.exec(answer.info ?? '') ?? []
    if (answer.response !== 'success' || processed === undefined)
      throw new ZabbixAwayError(
        `${at.host}:${at.port}`,
        `it does not take values: ${answer.info ?? 'no reason given'}`
      )
    return { processed: Number(processed), failed: Number(failed) }
  }
}

/** `10.0.0.7:10051`, `[::1]:10051` or a host alone. */
function addressOf(address: string | undefined): { host: string; port?: number } | undefined {
  if (address === undefined || address === '') return undefined
  const [, host = address, port] = /^\[?([^\]]+?)\]?(?::(\d{1,5}))?$/.exec(address) ?? []
  return { host, ...(port === undefined ? {} : { port: Number(port) }) }
}
