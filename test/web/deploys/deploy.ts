import type { Deploy } from '../../../server/deploys/deploy.ts'

/** One deploy as the hub tells of it. */
export function deploy(change: Partial<Deploy> = {}): Deploy {
  return {
    id: '0198',
    app: 'orders',
    environment: 'prod',
    version: 1,
    reference: 'registry.example.org/shop/orders:1.4',
    by: { kind: 'token', name: 'ci' },
    state: 'succeeded',
    createdMs: 0,
    slots: [],
    checks: [],
    ...change
  }
}
