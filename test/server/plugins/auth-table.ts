/** Every route of the hub, with what it demands. */

/** A record that is none. */
export const ID = `${'0'.repeat(16)}.0.0.0`
/**
 * What each route answers to a caller with nothing, a host's key, and a token of each scope. A route without a row
 * fails the test; methods other than GET stand before the path.
 */
export const TABLE: [
  route: string,
  nobody: number,
  host: number,
  agent: number,
  read: number,
  deploy: number,
  admin: number
][] = [
  ['/healthz', 200, 200, 200, 200, 200, 200],
  ['/readyz', 200, 200, 200, 200, 200, 200],
  ['/metrics', 401, 403, 403, 200, 200, 200],
  ['/openapi.json', 401, 403, 403, 200, 200, 200],
  ['/api/logs', 401, 403, 403, 200, 200, 200],
  ['/api/logs/export', 401, 403, 403, 200, 200, 200],
  ['/api/logs/histogram', 401, 403, 403, 200, 200, 200],
  ['/api/logs/facets', 401, 403, 403, 200, 200, 200],
  [`/api/logs/${ID}`, 401, 403, 403, 404, 404, 404],
  [`/api/logs/${ID}/context`, 401, 403, 403, 404, 404, 404],
  ['/api/tail', 401, 403, 403, 200, 200, 200],
  ['/api/apps', 401, 403, 403, 200, 200, 200],
  ['/api/hosts', 401, 403, 403, 200, 200, 200],
  ['/api/instances', 401, 403, 403, 200, 200, 200],
  ['/api/moves', 401, 403, 403, 200, 200, 200],
  ['/api/stats', 401, 403, 403, 400, 400, 400],
  ['/api/stats/latest', 401, 403, 403, 200, 200, 200],
  ['/api/completeness', 401, 403, 403, 200, 200, 200],
  [`/api/instances/${ID}/streams`, 401, 403, 403, 404, 404, 404],
  ['/api/status', 401, 403, 403, 200, 200, 200],
  ['/%61pi/status', 401, 403, 403, 200, 200, 200],
  ['/api/tokens', 401, 403, 403, 403, 403, 200],
  ['POST /api/tokens', 401, 403, 403, 403, 403, 201],
  [`DELETE /api/tokens/${ID}`, 401, 403, 403, 403, 403, 404],
  ['/api/host-keys', 401, 403, 403, 403, 403, 200],
  ['DELETE /api/host-keys/:host', 401, 403, 403, 403, 403, 404],
  // The token stands in the body.
  ['POST /api/session', 401, 403, 403, 200, 200, 200],
  ['DELETE /api/session', 204, 204, 204, 204, 204, 204],
  ['POST /agent/v1/enrol', 401, 401, 200, 401, 401, 200],
  ['POST /agent/v1/hello', 401, 400, 401, 401, 401, 401],
  ['POST /agent/v1/positions', 401, 400, 401, 401, 401, 401],
  ['POST /agent/v1/deliver', 401, 415, 401, 401, 401, 401],
  ['POST /agent/v1/orders', 401, 400, 401, 401, 401, 401],
  ['/api/definitions', 401, 403, 403, 200, 200, 200],
  ['/api/apps/:app', 401, 403, 403, 400, 400, 400],
  ['POST /api/apps/:app', 401, 403, 403, 403, 400, 400],
  ['DELETE /api/apps/:app', 401, 403, 403, 403, 400, 400],
  ['/api/apps/:app/versions', 401, 403, 403, 400, 400, 400],
  ['/api/apps/:app/diff', 401, 403, 403, 400, 400, 400],
  ['/api/apps/:app/compose', 401, 403, 403, 400, 400, 400],
  ['/api/deploys', 401, 403, 403, 200, 200, 200],
  ['POST /api/deploys', 401, 403, 403, 403, 404, 404],
  ['/api/deploys/:id', 401, 403, 403, 400, 400, 400],
  ['/api/deploys/:id/events', 401, 403, 403, 400, 400, 400],
  ['/api/deploys/:id/errors', 401, 403, 403, 400, 400, 400],
  ['POST /api/deploys/:id/approve', 401, 403, 403, 403, 400, 400],
  ['POST /api/deploys/:id/stop', 401, 403, 403, 403, 400, 400],
  ['POST /api/deploys/:id/resume', 401, 403, 403, 403, 400, 400],
  ['POST /api/deploys/:id/retry', 401, 403, 403, 403, 400, 400],
  ['POST /api/deploys/:id/rollback', 401, 403, 403, 403, 400, 400],
  ['POST /api/deploys/:id/promote', 401, 403, 403, 403, 400, 400],
  ['POST /api/deploys/:id/checks', 401, 403, 403, 403, 400, 400],
  ['/api/apps/:app/endpoints', 401, 403, 403, 400, 400, 400],
  ['/api/triggers', 401, 403, 403, 200, 200, 200],
  ['POST /api/triggers', 401, 403, 403, 403, 400, 400],
  ['/api/triggers/:name', 401, 403, 403, 400, 400, 400],
  ['DELETE /api/triggers/:name', 401, 403, 403, 403, 400, 400],
  ['POST /api/triggers/:name/secret', 401, 403, 403, 403, 400, 400],
  ['/api/triggers/:name/deliveries', 401, 403, 403, 400, 400, 400],
  // Its callers show the secret of the trigger, and no token.
  ['POST /api/hooks/:trigger', 400, 400, 400, 400, 400, 400],
  ['/api/notices', 401, 403, 403, 200, 200, 200],
  ['POST /api/notices', 401, 403, 403, 403, 400, 400],
  ['/api/notices/:name', 401, 403, 403, 400, 400, 400],
  ['DELETE /api/notices/:name', 401, 403, 403, 403, 400, 400],
  ['/', 404, 404, 404, 404, 404, 404],
  ['/*', 404, 404, 404, 404, 404, 404],
  ['/api/unknown', 404, 404, 404, 404, 404, 404],
  ['POST /api/status', 404, 404, 404, 404, 404, 404]
]

/** What is sent where something must be. */
export const BODIES: Record<string, (token: string) => object> = {
  'POST /api/tokens': () => ({ name: 'made', scopes: ['read'] }),
  'POST /api/deploys': () => ({ app: 'unknown', environment: 'staging' }),
  'POST /api/session': (token) => ({ token }),
  'POST /agent/v1/enrol': (join) => ({ protocol: 1, version: '0.1.0', join, facts: { name: 'web-1' } })
}
/** A token that looks like one. */
export const NOBODY = `dlr_${'0'.repeat(16)}_${'x'.repeat(32)}`
