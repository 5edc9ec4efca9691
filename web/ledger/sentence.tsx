import './ledger.css'
import type { InstanceNoteJson } from '../../server/api/completeness.ts'
import type { Feed } from '../list/feed.ts'
import type { GapRow } from '../list/rows.ts'
import { Popup } from '../shell/popup.tsx'
import { useStore } from '../state/store.ts'
import { momentText } from '../time/format.ts'
import { usePageZone } from '../time/page-zone.ts'
import { risksZh } from '../words/ledger.zh.ts'
import { fill } from '../words/message.ts'
import { useCompleteness } from './ask.ts'
import { gapText, lostText, type Telling } from './told.ts'
import { useSay } from './words.ts'

/** Risks that are listed. */
const MOST_RISKS = 100

/** One sentence over the rows: complete, or what is missing; and settings that will lose lines one day. */
export function Sentence({ feed }: { feed: Feed }) {
  const error = useCompleteness(feed)
  const answer = useStore(feed.missing)
  const how = useTelling()
  const { say } = how
  if (error) return <span className="note">{say('ledger.failed', { reason: error.message })}</span>
  if (!answer) return null
  const blind = new Set(answer.notes.filter((note) => note.blind).map(({ instance }) => instance)).size
  return (
    <>
      {answer.gapCount > 0 && <span className="note amber lost">{lostText(answer, how)}</span>}
      {answer.verdict === 'unknown' && <span className="note">{say('ledger.blind', { count: blind })}</span>}
      {answer.verdict === 'complete' && (
        <span className="note whole">
          {answer.since === undefined
            ? say('ledger.complete')
            : say('ledger.since', { time: momentText(Date.parse(answer.since), how.zone, how.nowMs) })}
        </span>
      )}
      {answer.notes.length > 0 && <Risks notes={answer.notes} others={answer.otherNotes} how={how} />}
    </>
  )
}

/** A gap as a row of the list. */
export function GapWords({ row }: { row: GapRow }) {
  const how = useTelling()
  return (
    <>
      <span aria-hidden="true">▒ </span>
      {gapText(row.gap, how)}
    </>
  )
}

export function useTelling(): Telling {
  return { ...useSay(), zone: usePageZone(), nowMs: Date.now() }
}

function Risks({ notes, others, how }: { notes: InstanceNoteJson[]; others: number; how: Telling }) {
  const { say } = how
  const more = others + Math.max(0, notes.length - MOST_RISKS)
  return (
    <Popup
      className="risks"
      label={say('ledger.risksLabel')}
      face={`⚠ ${say('ledger.risks', { count: notes.length + others })}`}
    >
      {() => (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what opened takes the focus, and can be scrolled by keys
        <ul className="risk-list" data-first tabIndex={0}>
          {notes.slice(0, MOST_RISKS).map((note) => (
            <li key={`${note.instance} ${note.code}`}>
              <strong>{say('ledger.riskAt', { name: note.containerName, host: note.hostName })}</strong>{' '}
              {riskText(note, how)}
            </li>
          ))}
          {more > 0 && <li>{say('ledger.more', { count: more })}</li>}
        </ul>
      )}
    </Popup>
  )
}

/** As the hub says it; of a code that is not known here its own words are better than none. */
function riskText({ code, message, advice }: InstanceNoteJson, { language, locale }: Telling): string {
  const known = language === 'zh' ? risksZh[code] : undefined
  return known === undefined ? `${message} ${advice}` : fill(known, locale, { reason: message })
}
