/** How one setting is read from the environment: by its name, checked, with an error that says what it should be. */
import { AgentError } from './errors.ts'

/**
 * One variable. docs/configuration.md is made from the lists of them. Checked by hand, because a schema library
 * would cost every host more memory than all of the agent's own code.
 */
export interface AgentOption {
  name: string
  kind: 'text' | 'integer' | 'address' | 'path'
  /** What counts where the variable is not set; absent: nothing, or as the description says. */
  default?: string | number
  minimum?: number
  maximum?: number
  /** The only values that count. */
  oneOf?: readonly string[]
  secret?: boolean
  description: string
}

export function textOf(env: NodeJS.ProcessEnv, { name, maximum = 4096 }: AgentOption): string | undefined {
  const text = env[name]?.trim()
  if (!text) return undefined
  if (text.length > maximum) throw wrong(name, `at most ${maximum} characters`, `${text.length} characters`)
  return text
}

export function integerOf(
  env: NodeJS.ProcessEnv,
  option: AgentOption & { default: number; minimum: number; maximum: number }
): number {
  const text = textOf(env, { ...option, maximum: 4096 })
  if (text === undefined) return option.default
  const { name, minimum, maximum } = option
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value
  throw wrong(name, `a whole number from ${minimum} to ${maximum}`, text)
}

export function choiceOf<T extends string>(
  env: NodeJS.ProcessEnv,
  option: AgentOption & { default: T },
  choices: readonly T[]
): T {
  const text = textOf(env, option) ?? option.default
  const choice = choices.find((one) => one === text)
  if (choice) return choice
  throw wrong(option.name, `one of ${choices.join(', ')}`, text)
}

export function wrong(name: string, wanted: string, found: string): AgentError {
  return new AgentError('DRIFTLOG_CONFIG', `${name} must be ${wanted}, but is ${found}`)
}
