import type { CompletenessAnswer, GapJson } from '../../server/api/completeness.ts'
import { Popup } from '../shell/popup.tsx'
import { useSetView } from '../state/page.ts'
import { momentText } from '../time/format.ts'
import { rangeOf, type Segment, segmentsOf } from './segments.ts'
import { useTelling } from './sentence.tsx'
import { gapText, type Telling } from './told.ts'

/** A gap's button is as wide as a finger needs, in px. */
const APART_PX = 26
/** So much is shown before and behind a gap that was pressed. */
const AROUND_MS = 60_000

interface StripProps {
  answer: CompletenessAnswer
  fromMs: number
  toMs: number
  /** Width of the plot in px, and where it begins. */
  width: number
  left: number
}

/** Under the bars, on their scale: what is complete, what is missing, what is still to come. */
export function LedgerStrip({ answer, fromMs, toMs, width, left }: StripProps) {
  const how = useTelling()
  const setView = useSetView()
  const show = (gap: GapJson) => {
    const [gapMs, endMs] = rangeOf(gap)
    const [from, to] = [gapMs - AROUND_MS, endMs + AROUND_MS].map((ms) => new Date(ms).toISOString())
    setView({ from: from ?? '', to: to ?? '', live: false, at: '', ctx: '' })
  }
  return (
    <ul className="ledger-strip" aria-label={how.say('ledger.strip')} style={{ marginLeft: left, width }}>
      {segmentsOf(answer, fromMs, toMs, APART_PX / Math.max(1, width)).map((segment) => (
        <li
          key={`${segment.kind} ${segment.from}`}
          className={`part ${segment.kind}`}
          style={{ left: segment.from * width, width: (segment.to - segment.from) * width }}
          title={wordsOf(segment, answer, how)}
        >
          {segment.kind === 'gap' ? (
            <GapButton gaps={segment.gaps} how={how} onShow={show} />
          ) : (
            <span className="hidden-text">{wordsOf(segment, answer, how)}</span>
          )}
        </li>
      ))}
    </ul>
  )
}

function GapButton({ gaps, how, onShow }: { gaps: GapJson[]; how: Telling; onShow: (gap: GapJson) => void }) {
  const [first] = gaps
  if (!first) return null
  if (gaps.length === 1) {
    const words = gapText(first, how)
    return <button type="button" aria-label={words} title={words} onClick={() => onShow(first)} />
  }
  return (
    <Popup kind="menu" label={how.say('ledger.gapCount', { count: gaps.length })} face="">
      {(close) =>
        gaps.map((gap) => (
          <button
            key={`${gap.instance} ${gap.stream} ${gap.generation} ${gap.offset} ${gap.told}`}
            type="button"
            role="menuitem"
            tabIndex={-1}
            onClick={() => {
              close()
              onShow(gap)
            }}
          >
            {gapText(gap, how)}
          </button>
        ))
      }
    </Popup>
  )
}

function wordsOf({ kind }: Segment, answer: CompletenessAnswer, how: Telling): string {
  const { say, zone, nowMs } = how
  const text = (time: string) => momentText(Date.parse(time), zone, nowMs)
  switch (kind) {
    case 'complete':
      return say('ledger.complete')
    case 'past':
      return say('ledger.past', { time: text(answer.since ?? answer.from) })
    case 'behind':
      return answer.behind
        .map((host) => say('ledger.behind', { host: host.hostName, time: text(host.until) }))
        .join('; ')
    case 'unknown': {
      const names = answer.notes.filter((note) => note.blind).map((note) => note.containerName)
      return say('ledger.cannotTell', { names: [...new Set(names)].slice(0, 10).join(', ') })
    }
    case 'gap':
      return ''
    default:
      return kind satisfies never
  }
}
