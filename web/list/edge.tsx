import { useLanguage } from '../words/index.ts'
import type { Look } from './look.ts'
import type { End } from './status.ts'

/** What stands behind the first and the last row: whether there is more, and if not known, why. */
export function Edge({
  end,
  side,
  look,
  from,
  top,
  onLoad
}: {
  end: End
  side: 'older' | 'newer'
  look: Look
  /** Where the range begins or ends. */
  from: string | undefined
  top: number
  onLoad: () => void
}) {
  const { t } = useLanguage()
  const place = { transform: `translateY(${top}px)` }
  switch (end.kind) {
    case 'more':
      return (
        <div className="edge" style={place}>
          <button type="button" className="link" onClick={onLoad}>
            {side === 'older' ? t('list.older') : t('list.newer')}
          </button>
        </div>
      )
    case 'asking':
      return (
        <div className="edge quiet" style={place}>
          {t('list.searching')}
        </div>
      )
    case 'stopped':
      return (
        <div className="edge stopped" style={place}>
          {t('list.searchedTo', { time: look.clock.second(end.at) })}{' '}
          <button type="button" className="link" onClick={onLoad}>
            {t('list.continue')}
          </button>
        </div>
      )
    case 'failed':
      return (
        <div className="edge failed" style={place}>
          {t('list.failed', { reason: end.error.message })}{' '}
          <button type="button" className="link" onClick={onLoad}>
            {t('page.tryAgain')}
          </button>
        </div>
      )
    case 'end':
      return side === 'newer' || from === undefined ? null : (
        <div className="edge quiet" style={place}>
          {t('list.begin', { time: look.clock.second(from) })}
        </div>
      )
  }
}
