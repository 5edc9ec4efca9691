/** Headers that keep browsers from doing with the hub's answers what they should not. */
import fp from 'fastify-plugin'

/** The page needs its own files and its own hub, nothing else; no inline script, no foreign frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

export const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()'
}

/** Browsers that came by https come by it for a year, whatever is typed. */
const STRICT_TRANSPORT = { 'strict-transport-security': 'max-age=31536000' }

export default fp<{ secure: boolean }>(
  async (app, { secure }) => {
    const headers = secure ? { ...HEADERS, ...STRICT_TRANSPORT } : HEADERS
    app.addHook('onRequest', async (_request, reply) => {
      reply.headers(headers)
    })
    // What the hub answers changes with every line; only files of the page say otherwise.
    app.addHook('onSend', async (_request, reply) => {
      if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
    })
  },
  { name: 'headers' }
)
