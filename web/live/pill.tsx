import { Clock } from '../list/clock.ts'
import type { Feed } from '../list/feed.ts'
import { useStore } from '../state/store.ts'
import { usePageZone } from '../time/page-zone.ts'
import { useLanguage } from '../words/index.ts'
import type { LiveTail } from './tail.ts'

/** Says that the list stands still, why, and what waits. */
export function Pill({ feed, tail }: { feed: Feed; tail: LiveTail }) {
  const { t } = useLanguage()
  const { reading } = useStore(tail.status)
  const clock = new Clock(usePageZone())
  if (reading.kind === 'following') return null
  const time = clock.second(new Date(reading.atMs).toISOString())
  const why = {
    scrolled: t('pill.scrolled', { time }),
    marked: t('pill.marked', { time }),
    opened: t('pill.opened', { time }),
    focused: t('pill.focused', { time }),
    asked: t('pill.asked', { time })
  }[reading.why]
  const { waiting, errors, moves } = reading
  return (
    <div className="pill">
      <span>{why}</span>
      <span className="pill-count" data-waiting={waiting}>
        {t('pill.waiting', { count: waiting })}
        {errors > 0 && <span className="level-error"> {t('pill.errors', { count: errors })}</span>}
        {moves > 0 && <span> {t('pill.moves', { count: moves })}</span>}
      </span>
      <button
        type="button"
        className="primary"
        onClick={() => {
          tail.follow()
          feed.rows.changed()
        }}
      >
        {t('pill.follow')} <span aria-hidden="true">↓ End</span>
      </button>
    </div>
  )
}
