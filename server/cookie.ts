/** The one cookie that the hub sets: no script can read it, no other site can send it, and it ends. */
import type { FastifyRequest } from 'fastify'

export interface CookieKind {
  /** Without prefix. */
  name: string
  /** Browsers reach the hub by https. */
  secure: boolean
}

/** A `Set-Cookie` for `secret`, until `maxAgeMs` from now. */
export function setCookie(kind: CookieKind, secret: string, maxAgeMs: number): string {
  return `${nameOf(kind)}=${secret}; Max-Age=${Math.max(0, Math.floor(maxAgeMs / 1000))}; ${attributes(kind)}`
}

/** A `Set-Cookie` that takes it away. */
export function clearedCookie(kind: CookieKind): string {
  return `${nameOf(kind)}=; Max-Age=0; ${attributes(kind)}`
}

/** The secret in the cookie that came with a request, where it has the form of one. */
export function cookieOf(request: FastifyRequest, kind: CookieKind): string | undefined {
  const name = nameOf(kind)
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [key, value = ''] = pair.split('=', 2)
    if (key?.trim() === name && /^[\w-]{1,128}$/.test(value.trim())) return value.trim()
  }
  return undefined
}

/** The prefix makes browsers refuse a cookie that another host of the domain, or plain http, would set. */
function nameOf({ name, secure }: CookieKind): string {
  return secure ? `__Host-${name}` : name
}

function attributes({ secure }: CookieKind): string {
  return `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
}
