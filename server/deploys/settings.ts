/** Settings of deploys. */
import { type Static, Type } from 'typebox'
import { ConfigError } from '../errors.ts'
import { imagePatternProblem } from './image.ts'
import type { PortRange } from './ports.ts'

export const DEPLOY_OPTIONS = {
  DRIFTLOG_DEPLOY_PORTS: Type.String({
    default: '20000-29999',
    maxLength: 20,
    description:
      'Ports that instances get, as first-last; on each host the same. They should lie outside of what the kernel gives to outgoing connections (32768-60999).'
  }),
  DRIFTLOG_DEPLOY_IMAGES: Type.String({
    default: '*',
    maxLength: 20_000,
    description:
      'Images that may be deployed, with blanks or commas between: registry.example.org/shop/*, where * is any text within a part of the name and ** any text; * alone is every image.'
  }),
  DRIFTLOG_DEPLOY_TIMEOUT_SECONDS: Type.Integer({
    default: 600,
    minimum: 1,
    maximum: 86_400,
    description:
      'Seconds for which nothing may be heard of an order, beside the time that its instance has to become healthy or to stop; then it has failed, and the deploy goes back.'
  }),
  DRIFTLOG_DEPLOY_KEPT: Type.Integer({
    default: 100,
    minimum: 2,
    maximum: 10_000,
    description:
      'Deploys that are kept of each app and environment, with their steps. What runs, and what ran before, is kept beyond.'
  })
}

const ALL = Type.Object(DEPLOY_OPTIONS)

export interface DeploySettings {
  ports: PortRange
  /** Patterns, see refuseImage(). */
  images: string[]
  timeoutMs: number
  /** By app and environment. */
  kept: number
}

/** Throws a ConfigError that names what is wrong. */
export function deployOf(values: Static<typeof ALL>): DeploySettings {
  return {
    ports: rangeOf(values.DRIFTLOG_DEPLOY_PORTS),
    images: imagesOf(values.DRIFTLOG_DEPLOY_IMAGES),
    timeoutMs: values.DRIFTLOG_DEPLOY_TIMEOUT_SECONDS * 1000,
    kept: values.DRIFTLOG_DEPLOY_KEPT
  }
}

function rangeOf(text: string): PortRange {
  const [, from = '0', to = '0'] = /^(\d{1,5})-(\d{1,5})$/.exec(text.trim()) ?? []
  const range = { from: Number(from), to: Number(to) }
  if (range.from >= 1024 && range.to <= 65_535 && range.from <= range.to) return range
  throw new ConfigError(
    `DRIFTLOG_DEPLOY_PORTS="${text}" is no range of ports between 1024 and 65535. Write it like 20000-29999.`
  )
}

function imagesOf(text: string): string[] {
  const patterns = text.split(/[\s,]+/).filter((pattern) => pattern !== '')
  for (const pattern of patterns) {
    const problem = imagePatternProblem(pattern)
    if (problem !== undefined)
      throw new ConfigError(
        `DRIFTLOG_DEPLOY_IMAGES has "${pattern}", which ${problem}. Write it like registry.example.org/shop/*.`
      )
  }
  return patterns
}
