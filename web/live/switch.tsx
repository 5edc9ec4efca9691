import { useSetView, useView } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'

/** Into the live tail. The way back stands in the tail's own bar too. */
export function LiveSwitch() {
  const { t } = useLanguage()
  const { live } = useView()
  const setView = useSetView()
  return (
    <button
      type="button"
      className={live ? 'live-switch' : 'live-switch framed'}
      aria-pressed={live}
      onClick={() => setView({ live: !live })}
    >
      <span aria-hidden="true">{live ? '●' : '▶'}</span> {t('live.start')}
    </button>
  )
}
