/** What about an instance can lose lines, or hide that lines are lost: settings of its log, and what cannot be read. */
import type { InstanceFacts } from '../../agent/protocol.ts'

export type RiskCode =
  | 'not-read'
  | 'opted-out'
  | 'engine-api'
  | 'non-blocking'
  | 'no-rotation'
  | 'one-file'
  | 'small-rotation'
  | 'label'

export interface Risk {
  code: RiskCode
  message: string
  /** The way out. */
  advice: string
  /** Lines may be missing of this instance without anybody being able to tell. */
  blind: boolean
}

/** A busy container writes so much in a few seconds; an agent that is updated is away for longer. */
const SMALL_BYTES = 5 * 1024 * 1024
const OPTED_OUT = /^(opted out|the agent’s own log)/
const WRITES_NOTHING = /^a pod sandbox/
/** Drivers that a rotation can be set for. */
const ROTATING = /^(json-file|local)$/

/** `problems`: labels that could not be used, each as a sentence. */
export function risksOf(facts: InstanceFacts, problems: readonly string[] = []): Risk[] {
  return [...unread(facts), ...source(facts), ...rotation(facts), ...problems.map(label)]
}

function unread({ unread: reason, logDriver }: InstanceFacts): Risk[] {
  if (reason === undefined || WRITES_NOTHING.test(reason)) return []
  if (OPTED_OUT.test(reason)) {
    const advice = 'Take the label away where this log is wanted.'
    return [{ code: 'opted-out', message: `Its log is left out: ${reason}.`, advice, blind: false }]
  }
  const advice = ROTATING.test(logDriver ?? 'json-file')
    ? 'Let the agent read Docker’s folder of containers: run it as root and mount the folder where it runs.'
    : 'Set the log driver to json-file, with max-size and max-file.'
  return [{ code: 'not-read', message: `Its log is not read: ${reason}.`, advice, blind: true }]
}

function source({ logSource, logDriver, logOptions, unread: reason }: InstanceFacts): Risk[] {
  const risks: Risk[] = []
  if (reason !== undefined) return risks
  if (logSource === 'api')
    risks.push({
      code: 'engine-api',
      message: `Its log is read through the engine (driver ${logDriver ?? 'unknown'}), which skips lines without a word where it rotates faster than it is read.`,
      advice: 'Set the log driver to json-file and let the agent read its files.',
      blind: true
    })
  if (logOptions?.['mode'] === 'non-blocking') {
    const buffer = logOptions['max-buffer-size'] ?? '1m'
    risks.push({
      code: 'non-blocking',
      message: `mode=non-blocking: the engine drops lines without a word while its buffer of ${buffer} is full.`,
      advice: 'Set mode=blocking, or a larger max-buffer-size.',
      blind: true
    })
  }
  return risks
}

function rotation({ logDriver, logOptions = {}, logSource }: InstanceFacts): Risk[] {
  if (logDriver !== 'json-file' || logSource === 'host' || logSource === 'journal') return []
  const sizeBytes = bytesOf(logOptions['max-size'])
  if (sizeBytes === undefined) {
    return [
      {
        code: 'no-rotation',
        message: 'Its log is never rotated: it grows until the disk is full.',
        advice: 'Set max-size=10m and max-file=3, for the container or in Docker’s daemon.json.',
        blind: false
      }
    ]
  }
  const files = Math.max(1, Number(logOptions['max-file'] ?? 1) || 1)
  const advice = 'Set max-size=10m and max-file=3 or more.'
  if (files === 1) {
    const message =
      'max-file=1: a full log is deleted at once, so lines are lost that an agent has not read by then.'
    return [{ code: 'one-file', message, advice, blind: false }]
  }
  if (sizeBytes * files >= SMALL_BYTES) return []
  const kept = `${files} files of ${logOptions['max-size']}`
  const message = `Its log keeps ${kept}: whatever is more while no agent runs is lost.`
  return [{ code: 'small-rotation', message, advice, blind: false }]
}

function label(problem: string): Risk {
  const advice = 'Correct the label; docs/labels.md has them all.'
  return { code: 'label', message: problem, advice, blind: false }
}

/** Docker's sizes: "10m" is 10 × 1024²; undefined where there is no limit. */
function bytesOf(text: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text ?? '')
  const bytes = Number(match?.[1] ?? 0) * 1024 ** 'bkmgt'.indexOf((match?.[2] || 'b').toLowerCase())
  return bytes > 0 ? bytes : undefined
}
