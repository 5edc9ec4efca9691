/** How well lines that belong together are found, against a corpus in which people said which do. */
import { expect, test } from 'vitest'
import { handlingOf } from '../../../collector/handling.ts'
import { mannerOf } from '../../../collector/parse/reading.ts'
import { eventsOf, type LabelledFile, labelledFiles } from './corpus.ts'
import { dockerLine, readFile } from './lines.ts'

const UNREDACTED = mannerOf('docker', handlingOf({ 'driftlog.redact': 'off' }))

interface Score {
  /** Events of several lines. */
  events: number
  /** Of these, those that came out exactly as they are. */
  exact: number
  /** Lines that continue an event, and how many of them were joined to it. */
  continuing: number
  joined: number
  /** Lines that begin an event, and how many of them were joined to the one before. */
  beginning: number
  wronglyJoined: number
  misses: string[]
}

test('stack traces and blocks are joined, and nothing else is', () => {
  const files = labelledFiles()
  const scores = files.map((file) => ({ name: file.name, score: scoreOf(file) }))
  const all = scores.map(({ score }) => score).reduce(sum)
  for (const { name, score } of [...scores, { name: 'all', score: all }])
    console.log([told(name, score), ...(name === 'all' ? score.misses : [])].join('\n'))
  expect(all.beginning).toBeGreaterThanOrEqual(400)
  expect(all.exact / all.events).toBeGreaterThanOrEqual(0.99)
  expect(all.joined / all.continuing).toBeGreaterThanOrEqual(0.99)
  expect(all.wronglyJoined / all.beginning).toBeLessThanOrEqual(0.001)
})

/** Written by people who did not know the rules, of all that programs print: also what nobody can tell for sure. */
test('of what is printed beyond stack traces most is joined, and next to nothing wrongly', () => {
  const all = labelledFiles(new URL('../../fixtures/multiline-any/', import.meta.url))
    .map(scoreOf)
    .reduce(sum)
  console.log(told('any', all))
  expect(all.joined / all.continuing).toBeGreaterThanOrEqual(0.7)
  expect(all.wronglyJoined / all.beginning).toBeLessThanOrEqual(0.002)
})

function scoreOf({ name, lines }: LabelledFile): Score {
  const score = noScore()
  const file = Buffer.concat(lines.map(({ text, stream }) => dockerLine(`${text}\n`, { stream })))
  const { records } = readFile(file, [], false, UNREDACTED)
  for (const stream of ['stdout', 'stderr']) {
    const wanted = eventsOf(lines, stream)
    const found = records.filter((record) => record.output === stream).map((record) => record.text)
    expect(found.join('\n')).toBe(wanted.join('\n'))
    const begins = new Set(placesOf(found))
    const exact = new Set(found.map((text, i) => `${placesOf(found)[i]} ${text}`))
    const places = placesOf(wanted)
    for (const [i, event] of wanted.entries()) {
      const at = places[i] ?? 0
      const length = event.split('\n').length
      score.beginning++
      if (!begins.has(at)) {
        score.wronglyJoined++
        score.misses.push(`${name}: joined to what is before it: ${event.slice(0, 100)}`)
      }
      if (length === 1) continue
      score.events++
      if (exact.has(`${at} ${event}`)) score.exact++
      for (let line = 1; line < length; line++) {
        score.continuing++
        if (!begins.has(at + line)) score.joined++
        else
          score.misses.push(
            `${name}: not joined to ${event.slice(0, 50)}: ${event.split('\n')[line]?.slice(0, 100)}`
          )
      }
    }
  }
  return score
}

/** Index of each event's first line among the lines of all. */
function placesOf(events: readonly string[]): number[] {
  let at = 0
  return events.map((event) => {
    const place = at
    at += event.split('\n').length
    return place
  })
}

function noScore(): Score {
  return { events: 0, exact: 0, continuing: 0, joined: 0, beginning: 0, wronglyJoined: 0, misses: [] }
}

function sum(a: Score, b: Score): Score {
  return {
    events: a.events + b.events,
    exact: a.exact + b.exact,
    continuing: a.continuing + b.continuing,
    joined: a.joined + b.joined,
    beginning: a.beginning + b.beginning,
    wronglyJoined: a.wronglyJoined + b.wronglyJoined,
    misses: [...a.misses, ...b.misses]
  }
}

function told(name: string, score: Score): string {
  const { events, exact, continuing, joined, beginning, wronglyJoined } = score
  return `${name}: ${exact} of ${events} events exact, ${joined} of ${continuing} lines joined, ${wronglyJoined} of ${beginning} wrongly`
}
