/** Where quoted texts begin and end, also within strings within strings. */

interface Place {
  from: number
  to: number
}

/** What is known of a line that holds JSON: where the string ends that was looked at last. */
export interface Json {
  quote: number
}

export function jsonOf(text: string): Json | undefined {
  return /^\s{0,8}[{[]/.test(text) || text.includes('{"') ? { quote: -1 } : undefined
}

/** A list, Go's `[]string{"…"}`, Rust's `Some("…")`, Python's `b'…'`, SQL's `N'…'`, Erlang's `<<"…">>`. */
const QUOTE =
  /(?:\[\](?:string|byte|any)[{(]|\[|(?:Some|Ok|Just|Optional|String|Secret\w{0,16}|Password)[([ ]|string\(\d{1,5}\)[ \t]|<<)?[ \t]{0,4}(?:[bBuUrRfFN@]{1,2}(?=\\{0,15}["']))?(\\{0,15})(["'])/y

/** The quoted text at `at`; several where a list of them begins there. Undefined where none does. */
export function quotedAt(text: string, at: number, json: Json | undefined): Place[] | undefined {
  const found: Place[] = []
  let next = at
  for (let most = 64; most > 0; most--) {
    QUOTE.lastIndex = next
    const match = QUOTE.exec(text)
    if (!match) break
    const [whole, backslashes = '', quote = ''] = match
    const from = next + whole.length
    const end =
      json && whole.slice(-1 - backslashes.length) !== '"' ? endOfString(text, from, json) : text.length
    const to = closing(text, from, quote, backslashes.length, end)
    if (to < 0) {
      // Cut off: everything to the end of the line, or of the string around it, belongs to it.
      const newline = text.indexOf('\n', from)
      found.push({ from, to: newline < 0 ? end : Math.min(newline, end) })
      break
    }
    found.push({ from, to })
    const isList = found.length > 1 || whole.startsWith('[')
    const comma = /,[ \t]{0,4}/y
    comma.lastIndex = to + backslashes.length + 1
    if (!isList || !comma.test(text)) break
    next = comma.lastIndex
  }
  return found.length > 0 ? found : undefined
}

/** Index of the quote (or of its backslashes) that closes a text; each level of escaping doubles them and adds one. */
function closing(text: string, from: number, quote: string, level: number, end: number): number {
  for (let at = text.indexOf(quote, from); at >= 0 && at < end; at = text.indexOf(quote, at + 1)) {
    let backslashes = 0
    while (at - 1 - backslashes >= from && text[at - 1 - backslashes] === '\\') backslashes++
    const steps = (backslashes - level) / (level + 1)
    if (backslashes <= level || steps % 2 === 0) return at - Math.min(level, backslashes)
  }
  return -1
}

/** Where the JSON string ends in which the text stands. Asked from left to right. */
export function endOfString(text: string, from: number, json: Json): number {
  if (json.quote < from) {
    const quote = closing(text, from, '"', 0, text.length)
    json.quote = quote < 0 ? text.length : quote
  }
  return json.quote
}
