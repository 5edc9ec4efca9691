/** Small real servers that take messages as the products' documentation says, and refuse what these would refuse. */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Received<Body = unknown> {
  url: URL
  headers: IncomingMessage['headers']
  body: string
  /** As the product has it, once its checks have taken it. */
  json: Body
}

interface Section {
  type: string
  text: { type: string; text: string }
}

export interface SlackBody {
  text: string
  blocks: [Section, Section]
}

interface RobotBody {
  msgtype: string
  text: { content: string }
}

interface Answer {
  status: number
  body?: string
  headers?: Record<string, string>
}

export interface Receiver<Body = unknown> extends AsyncDisposable {
  url: string
  /** Everything that came. */
  received: Received<Body>[]
  /** What was taken, and not refused. */
  taken: Received<Body>[]
}

/** `check` answers; 2xx without an errcode other than 0 means that it was taken. */
export async function openReceiver<Body = unknown>(
  path: string,
  check: (received: Received<Body>) => Answer | Promise<Answer>
): Promise<Receiver<Body>> {
  const received: Received<Body>[] = []
  const taken: Received<Body>[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const { headers, url = '/' } = request
    const one = { url: new URL(url, 'http://receiver'), headers, body, json: jsonOf<Body>(body) }
    received.push(one)
    const answer = await check(one)
    if (answer.status < 300 && !/"errcode":[1-9-]/.test(answer.body ?? '')) taken.push(one)
    response.writeHead(answer.status, answer.headers).end(answer.body ?? '')
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...{ url: `http://127.0.0.1:${port}${path}`, received, taken },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      })
  }
}

/** Incoming webhook: one JSON object with text or blocks; answers "ok". */
export const slack = () =>
  openReceiver<SlackBody>('/services/T000/B000/XXXX', ({ headers, json }) => {
    if (!headers['content-type']?.startsWith('application/json') || json === undefined)
      return { status: 400, body: 'invalid_payload' }
    if (!json.text && !json.blocks) return { status: 400, body: 'no_text' }
    for (const { type, text } of json.blocks ?? []) {
      if (type !== 'section' || !['plain_text', 'mrkdwn'].includes(text.type) || text.text.length > 3000)
        return { status: 400, body: 'invalid_blocks' }
    }
    return { status: 200, body: 'ok' }
  })

/** Custom robot with a secret: sign = base64(HMAC-SHA256(secret, "<ms>\n<secret>")), at most an hour old. */
export const dingtalk = (secret: string) =>
  openReceiver<RobotBody>('/robot/send?access_token=abc', ({ url, json }) => {
    const timestamp = url.searchParams.get('timestamp') ?? ''
    const right = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64')
    const isRecent = Math.abs(Date.now() - Number(timestamp)) < 3_600_000
    if (url.searchParams.get('access_token') !== 'abc') return robot(300001, 'token is not exist')
    if (url.searchParams.get('sign') !== right || !isRecent) return robot(310000, 'sign not match')
    if (json?.msgtype !== 'text' || typeof json.text?.content !== 'string')
      return robot(400101, 'description:msgtype is null')
    return robot(0, 'ok')
  })

/** Robot of a group: text of at most 2048 bytes. */
export const wecom = () =>
  openReceiver<RobotBody>(
    '/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa',
    ({ url, json }) => {
      if (!url.searchParams.get('key')) return robot(93000, 'invalid webhook url')
      if (json?.msgtype !== 'text') return robot(40008, 'invalid message type')
      if (Buffer.byteLength(json.text.content) > 2048)
        return robot(40058, 'text.content exceed max length 2048')
      return robot(0, 'ok')
    }
  )

export function robot(errcode: number, errmsg: string): Answer {
  return { status: 200, body: JSON.stringify({ errcode, errmsg }) }
}

/** What is no JSON is undefined, and no check takes it. */
function jsonOf<Body>(body: string): Body {
  try {
    return JSON.parse(body) as Body
  } catch {
    return undefined as Body
  }
}
