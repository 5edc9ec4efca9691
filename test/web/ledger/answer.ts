import type { CompletenessAnswer, GapJson } from '../../../server/api/completeness.ts'

export const T0 = Date.UTC(2026, 10, 25, 10)

/** As the hub writes times: so many ms after T0. */
export function time(ms: number): string {
  return new Date(T0 + ms).toISOString().replace('Z', '000000Z')
}

export function answer(more: Partial<CompletenessAnswer> = {}): CompletenessAnswer {
  return {
    verdict: 'complete',
    from: time(0),
    to: time(100_000),
    hubTime: time(100_000),
    gapCount: more.gaps?.length ?? 0,
    bytes: 0,
    lines: 0,
    unknown: 0,
    gaps: [],
    others: 0,
    behind: [],
    notes: [],
    otherNotes: 0,
    ...more
  }
}

export function gap(more: Partial<GapJson>): GapJson {
  return {
    instance: '0123456789abcdef',
    app: 'orders',
    environment: 'prod',
    host: 'h2',
    hostName: 'web-2',
    container: 'c1',
    containerName: 'orders-1',
    stream: 'docker',
    cause: 'rotated-unread',
    told: time(90_000),
    ...more
  }
}
