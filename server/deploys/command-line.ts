/** A command line as a list of words, cut as a POSIX shell cuts it; nothing is expanded, and no shell is asked. */

export type CommandLine = { words: string[] } | { problem: string }

/** Behind a backslash between double quotes; all else keeps its backslash there. */
const ESCAPED = new Set(['"', '\\', '$', '`'])

export function cutCommandLine(text: string): CommandLine {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? ''
    if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (letter === "'") {
      const end = text.indexOf("'", at + 1)
      if (end < 0) return unclosed(letter, at)
      word = (word ?? '') + text.slice(at + 1, end)
      at = end
    } else if (letter === '"') {
      const quoted = readQuoted(text, at)
      if (!quoted) return unclosed(letter, at)
      word = (word ?? '') + quoted.text
      at = quoted.end
    } else if (letter === '\\') {
      if (at + 1 === text.length) return { problem: 'ends with a backslash that nothing follows' }
      at++
      // A line that goes on.
      if (text[at] !== '\n') word = (word ?? '') + text[at]
    } else word = (word ?? '') + letter
  }
  if (word !== undefined) words.push(word)
  return { words }
}

function readQuoted(text: string, from: number): { text: string; end: number } | undefined {
  let quoted = ''
  for (let at = from + 1; at < text.length; at++) {
    const letter = text[at] ?? ''
    if (letter === '"') return { text: quoted, end: at }
    if (letter !== '\\') quoted += letter
    else {
      const next = text[at + 1] ?? ''
      if (next === '\n') at++
      else if (ESCAPED.has(next)) {
        quoted += next
        at++
      } else quoted += letter
    }
  }
  return undefined
}

function unclosed(quote: string, at: number): CommandLine {
  return { problem: `has a quote (${quote}) at character ${at + 1} that is never closed` }
}
