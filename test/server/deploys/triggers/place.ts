/** A hub with triggers on a real socket, and what each product sends to it, signed as the product signs. */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pino } from 'pino'
import type { Static } from 'typebox'
import { MemoryStateStore } from '../../../../collector/store/memory-state.ts'
import type { StateStore } from '../../../../collector/store/state.ts'
import type { ErrorJson } from '../../../../server/api/error.ts'
import { Automatic } from '../../../../server/deploys/automatic.ts'
import type {
  CallerKind,
  DeliveryJson,
  Rule,
  TriggerMade
} from '../../../../server/deploys/triggers/trigger.ts'
import { type Face, openFace } from '../../face.ts'
import { Orders } from '../orders.ts'

export interface Place extends AsyncDisposable {
  face: Face
  orders: Orders
  automatic: Automatic
  /** Makes a trigger and returns its secret. */
  make(kind: CallerKind, rules: Rule[], name?: string): Promise<string>
  post(path: string, body: unknown): Promise<Answered>
  /** The newest first. */
  deliveries(name: string): Promise<DeliveryJson[]>
}

type Decided = Required<DeliveryJson>

/** Of any route: the test that has asked knows what is there, and the schemas hold it. */
interface AnyBody extends ErrorJson, Required<Static<typeof TriggerMade>> {
  decided: [Decided, ...Decided[]]
  /** Of a notice. */
  address: string
}

export interface Answered {
  status: number
  body: AnyBody
}

export interface Call {
  headers: Record<string, string>
  body: string
  /** Behind the trigger's path. */
  query?: string
}

export async function openPlace(
  given: {
    state?: StateStore
    orders?: Orders
    nowMs?: () => number
    env?: Record<string, string>
    bodyMs?: number
  } = {}
): Promise<Place> {
  const state = given.state ?? new MemoryStateStore()
  const orders = given.orders ?? (await Orders.open(state))
  const log = pino({ level: 'silent' })
  const automatic = await Automatic.open({
    ...{ state, deploys: orders, log, nowMs: given.nowMs ?? Date.now, noticeHosts: ['127.0.0.1'] },
    ...(given.bodyMs === undefined ? {} : { hookBodyMs: given.bodyMs })
  })
  const face = await openFace({
    parts: { automatic, figures: () => automatic.figures() },
    ...(given.env ? { env: given.env } : {})
  })
  const post = (path: string, body: unknown) =>
    send(face.url + path, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return {
    ...{ face, orders, automatic, post },
    async make(kind, rules, name = kind) {
      const { status, body } = await post('/api/triggers', { name, kind, rules })
      if (status !== 201) throw new Error(JSON.stringify(body))
      return body.secret
    },
    deliveries: async (name) => (await face.get(`/api/triggers/${name}/deliveries`)).body.deliveries,
    [Symbol.asyncDispose]: () => face[Symbol.asyncDispose]()
  }
}

export async function send(url: string, { headers, body, query = '' }: Call): Promise<Answered> {
  const answer = await fetch(url + query, { method: 'POST', headers, body })
  return { status: answer.status, body: (await answer.json()) as AnyBody }
}

export function call({ face }: Place, name: string, sent: Call): Promise<Answered> {
  return send(`${face.url}/api/hooks/${name}`, sent)
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of products, which tests change at any place
export type Sample = any

export function sample(path: string): Sample {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/hooks/${path}.json`, import.meta.url), 'utf8'))
}

let count = 0

export function fromGithub(
  secret: string,
  event: string,
  body: Sample,
  more: Record<string, string> = {}
): Call {
  const text = JSON.stringify(body)
  const headers = {
    ...{
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/044aadd',
      'x-github-event': event
    },
    ...{ 'x-github-delivery': `72d3162e-cc78-11e3-81ab-${String(count++).padStart(12, '0')}` },
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`
  }
  return { headers: { ...headers, ...more }, body: text }
}

export function fromGitlab(
  secret: string,
  event: string,
  body: Sample,
  more: Record<string, string> = {}
): Call {
  const headers = {
    ...{ 'content-type': 'application/json', 'user-agent': 'GitLab/18.0', 'x-gitlab-event': event },
    ...{ 'x-gitlab-token': secret, 'x-gitlab-event-uuid': `9cebe914-0000-4000-8000-${count++}` },
    'idempotency-key': `a5461c4d-0000-4000-8000-${count++}`
  }
  return { headers: { ...headers, ...more }, body: JSON.stringify(body) }
}

/** With a signing token, as Standard Webhooks have it. */
export function signedByGitlab(secret: string, event: string, body: Sample, atMs: number): Call {
  const text = JSON.stringify(body)
  const [id, timestamp] = [`msg-${count++}`, String(Math.floor(atMs / 1000))]
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64')
  const headers = {
    ...{ 'content-type': 'application/json', 'x-gitlab-event': event, 'idempotency-key': id },
    ...{ 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` }
  }
  return { headers, body: text }
}

export function withToken(authorization: string, body: Sample, type = 'application/json'): Call {
  return { headers: { 'content-type': type, authorization }, body: JSON.stringify(body) }
}
