/**
 * JSON as it was written: numbers stay text, so that 64-bit ids keep their last digits, and double keys are kept.
 */
export type JsonNode =
  | { kind: 'object'; entries: [name: string, value: JsonNode][] }
  | { kind: 'array'; items: JsonNode[] }
  | { kind: 'text'; value: string }
  /** Number, true, false or null as they stand in the text. */
  | { kind: 'word'; value: string }

const DEEPEST = 200

/** Undefined where the text is no JSON object or array. */
export function readJson(text: string): JsonNode | undefined {
  const start = text.trimStart()[0]
  if (start !== '{' && start !== '[') return undefined
  let at = 0

  const skip = () => {
    while (at < text.length && ' \t\r\n'.includes(text[at] ?? '')) at++
  }
  const take = (character: string): boolean => {
    skip()
    if (text[at] !== character) return false
    at++
    return true
  }
  const demand = (character: string) => {
    if (!take(character)) throw new SyntaxError(`${character} expected at ${at}`)
  }
  const string = (): string => {
    skip()
    const match = STRING.exec(text.slice(at, at + 1) === '"' ? text.slice(at) : '')
    if (!match) throw new SyntaxError(`text expected at ${at}`)
    at += match[0].length
    return JSON.parse(match[0]) as string
  }
  const value = (depth: number): JsonNode => {
    if (depth > DEEPEST) throw new SyntaxError('too deep')
    skip()
    if (take('{')) {
      const entries: [string, JsonNode][] = []
      if (take('}')) return { kind: 'object', entries }
      do {
        const name = string()
        demand(':')
        entries.push([name, value(depth + 1)])
      } while (take(','))
      demand('}')
      return { kind: 'object', entries }
    }
    if (take('[')) {
      const items: JsonNode[] = []
      if (take(']')) return { kind: 'array', items }
      do items.push(value(depth + 1))
      while (take(','))
      demand(']')
      return { kind: 'array', items }
    }
    if (text[at] === '"') return { kind: 'text', value: string() }
    WORD.lastIndex = at
    const match = WORD.exec(text)
    if (!match) throw new SyntaxError(`value expected at ${at}`)
    at += match[0].length
    return { kind: 'word', value: match[0] }
  }

  try {
    const node = value(0)
    skip()
    return at === text.length ? node : undefined
  } catch {
    return undefined
  }
}

const STRING = /^"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/
const WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
