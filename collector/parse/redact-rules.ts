/** Which rules hold for a container: those of the hub's configuration, and what its label `driftlog.redact` says. */
import type { Redaction } from './redact.ts'
import { compilePattern } from './safe-pattern.ts'

/** Of the hub. `expressions` are known to be good. */
export interface RedactionConfig {
  builtIn: boolean
  expressions: readonly string[]
}

export const BUILT_IN_RULES: RedactionConfig = { builtIn: true, expressions: [] }

/** More of them cost more for every line than anybody means to pay. */
const MOST_EXPRESSIONS = 20

/** `off`: nothing is redacted. `on`: the built-in rules, whatever the hub says. Anything else: expressions of its own. */
export function redactionOf(config: RedactionConfig, label: string | undefined): Redaction {
  const said = wordOf(label)
  if (said === 'off') return { builtIn: false, own: [] }
  const own = [...config.expressions, ...(label === undefined || said ? [] : expressionsOf(label))]
  return {
    builtIn: said === 'on' || config.builtIn,
    own: own.flatMap((source) => {
      const compiled = compilePattern(source)
      return 'pattern' in compiled ? [new RegExp(compiled.pattern, `${compiled.pattern.flags}dg`)] : []
    })
  }
}

/** What of a label can't be used, and why; the built-in rules go on. */
export function redactionProblems(label: string | undefined): string[] {
  if (label === undefined || wordOf(label)) return []
  return expressionProblems(label).map((problem) => `driftlog.redact: ${problem}`)
}

/** One expression a line, or a JSON list of them. */
export function expressionsOf(text: string): string[] {
  return written(text).slice(0, MOST_EXPRESSIONS)
}

export function expressionProblems(text: string): string[] {
  const all = written(text)
  const problems = all.slice(0, MOST_EXPRESSIONS).flatMap((source) => {
    const compiled = compilePattern(source)
    return 'problem' in compiled ? [`"${shown(source)}": ${compiled.problem}`] : []
  })
  if (all.length > MOST_EXPRESSIONS)
    problems.push(`there are ${all.length} expressions; at most ${MOST_EXPRESSIONS} are used.`)
  return problems
}

function written(text: string): string[] {
  const trimmed = text.trim()
  if (trimmed.startsWith('["')) {
    try {
      const list: unknown = JSON.parse(trimmed)
      if (Array.isArray(list)) return list.map(String).filter((source) => source !== '')
    } catch {
      // An expression may begin like a list.
    }
  }
  return trimmed.split(/\r?\n/).filter((source) => source.trim() !== '')
}

function wordOf(label: string | undefined): 'on' | 'off' | undefined {
  const word = label?.trim().toLowerCase()
  if (word === '' || word === 'on' || word === 'true' || word === 'yes') return 'on'
  return word === 'off' || word === 'false' || word === 'no' ? 'off' : undefined
}

function shown(source: string): string {
  return source.length > 80 ? `${source.slice(0, 80)}…` : source
}
