/** How each product is spoken to, and what its answer means. In chats a text is plain text: no markup, nobody is called. */
import { createHmac } from 'node:crypto'
import { standardSignature } from '../triggers/secret.ts'
import type { NoticeKind } from './notice.ts'
import { type Facts, textOf } from './text.ts'

export interface Message {
  /** The same each time that it is sent. */
  id: string
  template: string
  facts: Facts
  /** When what it tells happened. */
  atMs: number
}

export interface Target {
  kind: NoticeKind
  url: string
  secret?: string
}

export interface Letter {
  url: URL
  headers: Record<string, string>
  body: string
}

/** What was answered; `text` is the beginning of the body. */
export interface Answer {
  status: number
  text: string
}

export type Outcome =
  | { kind: 'accepted' }
  | { kind: 'retry'; reason: string }
  /** Sent again it would be refused again. */
  | { kind: 'refused'; reason: string }

/** Slack takes 3000 characters, DingTalk about 20,000 bytes, WeCom 2048 bytes. */
const SLACK_CHARACTERS = 2900
const DINGTALK_BYTES = 18_000
const WECOM_BYTES = 2048

/** DingTalk and WeCom answer 200 and say in the body how it went; of these numbers more will be taken later. */
const LATER: Partial<Record<NoticeKind, readonly number[]>> = {
  dingtalk: [-1, 130101, 130102, 410100],
  wecom: [-1, 45009]
}

export function letterOf(target: Target, message: Message, nowMs: number): Letter {
  const url = new URL(target.url)
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  switch (target.kind) {
    case 'generic':
      return generic(target, message, nowMs)
    case 'slack':
      return { url, headers, body: JSON.stringify(slack(message)) }
    case 'dingtalk':
      if (target.secret !== undefined) signDingtalk(url, target.secret, nowMs)
      return { url, headers, body: JSON.stringify(chat(message, DINGTALK_BYTES)) }
    case 'wecom':
      return { url, headers, body: JSON.stringify(chat(message, WECOM_BYTES)) }
    default:
      return target.kind satisfies never
  }
}

export function outcomeOf(kind: NoticeKind, { status, text }: Answer): Outcome {
  const reason = reasonOf(kind, status, text)
  if (status === 408 || status === 425 || status === 429 || status >= 500) return { kind: 'retry', reason }
  if (status < 200 || status > 299) return { kind: 'refused', reason }
  if (kind !== 'dingtalk' && kind !== 'wecom') return { kind: 'accepted' }
  const code = errorCodeIn(text)
  if (code === 0) return { kind: 'accepted' }
  return { kind: code === undefined || LATER[kind]?.includes(code) ? 'retry' : 'refused', reason }
}

/** Signed as Standard Webhooks have it; the id is there for whoever must not do a thing twice. */
function generic({ url, secret }: Target, message: Message, nowMs: number): Letter {
  const { id, template, facts, atMs } = message
  const body = JSON.stringify({
    ...{ id, type: `deploy.${facts.state}`, timestamp: new Date(atMs).toISOString() },
    text: textOf(template, facts, asItIs),
    data: facts
  })
  const timestamp = String(Math.floor(nowMs / 1000))
  return {
    url: new URL(url),
    headers: {
      ...{ 'content-type': 'application/json; charset=utf-8', 'webhook-id': id, 'idempotency-key': id },
      'webhook-timestamp': timestamp,
      ...(secret === undefined ? {} : { 'webhook-signature': standardSignature(secret, id, timestamp, body) })
    },
    body
  }
}

/** `text` is what is read out and shown in short; Slack reads control sequences in it, and none in plain_text. */
function slack({ template, facts }: Message): object {
  const text = textOf(template, facts, asItIs).slice(0, SLACK_CHARACTERS)
  const link = facts.url === undefined ? [] : [section('mrkdwn', `<${slackEscaped(facts.url)}|Open>`)]
  return { text: slackEscaped(text), blocks: [section('plain_text', text), ...link] }
}

function section(type: 'plain_text' | 'mrkdwn', text: string): object {
  return { type: 'section', text: { type, text, ...(type === 'plain_text' ? { emoji: false } : {}) } }
}

function slackEscaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Both know `text`, which has no markup, and call people by lists beside it; WeCom reads <@name> in it, too. */
function chat({ template, facts }: Message, mostBytes: number): object {
  const harmless = (fact: string) =>
    fact
      .replaceAll('<', '‹')
      .replaceAll('>', '›')
      .replace(/@(?!sha256:)/g, '＠')
  return { msgtype: 'text', text: { content: cut(textOf(template, facts, harmless), mostBytes) } }
}

/** HMAC-SHA256 of time and secret by the secret, in base64; it is good for an hour. */
function signDingtalk(url: URL, secret: string, nowMs: number): void {
  const sign = createHmac('sha256', secret).update(`${nowMs}\n${secret}`).digest('base64')
  url.searchParams.set('timestamp', String(nowMs))
  url.searchParams.set('sign', sign)
}

/** No more than the product's own word: whoever makes a notice must not read other servers' answers by it. */
function reasonOf(kind: NoticeKind, status: number, text: string): string {
  if (kind === 'slack' && /^[a-z_]{1,60}$/.test(text.trim())) return `${status} ${text.trim()}`
  if (kind !== 'dingtalk' && kind !== 'wecom') return `it answered ${status}`
  const code = errorCodeIn(text)
  const [, words = ''] = /"errmsg"\s*:\s*"([^"\\]{0,200})/.exec(text) ?? []
  return code === undefined ? `it answered ${status} without errcode` : `errcode ${code} ${words}`.trim()
}

function errorCodeIn(text: string): number | undefined {
  try {
    const { errcode } = JSON.parse(text) as { errcode?: unknown }
    return typeof errcode === 'number' ? errcode : undefined
  } catch {
    return undefined
  }
}

/** At most so many bytes of UTF-8, in whole characters. */
function cut(text: string, mostBytes: number): string {
  if (Buffer.byteLength(text) <= mostBytes) return text
  const left = Buffer.from(text).subarray(0, mostBytes - 4)
  return `${new TextDecoder().decode(left, { stream: true })}…`
}

function asItIs(text: string): string {
  return text
}
