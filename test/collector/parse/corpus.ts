/**
 * The labelled corpus of test/fixtures/multiline. The first character of a line says where it belongs: `+` begins an
 * event of stdout and `.` continues it, `>` and `|` do so on stderr.
 */
import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('../../fixtures/multiline/', import.meta.url)

export interface LabelledLine {
  text: string
  stream: 'stdout' | 'stderr'
  /** It begins an event. */
  begins: boolean
}

export interface LabelledFile {
  name: string
  lines: LabelledLine[]
}

export function labelledFiles(folder = FOLDER): LabelledFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => ({ name, lines: linesOf(readFileSync(new URL(name, folder), 'utf8'), name) }))
}

function linesOf(text: string, name: string): LabelledLine[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line, i) => {
      const mark = '+.>|'.indexOf(line.charAt(0))
      if (line === '' || mark < 0) throw new Error(`${name}:${i + 1} has no mark`)
      return { text: line.slice(1), stream: mark < 2 ? 'stdout' : 'stderr', begins: mark % 2 === 0 }
    })
}

/** The events of one output, each as its lines joined. */
export function eventsOf(lines: readonly LabelledLine[], stream: string): string[] {
  const events: string[] = []
  for (const line of lines) {
    if (line.stream !== stream) continue
    if (line.begins) events.push(line.text)
    else events.push(`${events.pop() ?? ''}\n${line.text}`)
  }
  return events
}
