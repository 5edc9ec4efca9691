import { usePage, useSetView, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'

interface Known {
  app: string
  environment: string
}

/** Which environment and which app is read; also the first two places of the URL. `also` may be chosen, too. */
export function Scope({ also = [] }: { also?: readonly Known[] }) {
  const { t } = useLanguage()
  const { environment, app } = useView()
  const setView = useSetView()
  const { apps: written } = useStore(usePage().fleet)
  const apps: readonly Known[] = [...written, ...also]
  const environments = distinct(
    apps.map((known) => known.environment),
    environment
  )
  const names = distinct(
    apps.filter((known) => environment === '' || known.environment === environment).map((known) => known.app),
    app
  )
  return (
    <div className="scope">
      <select
        aria-label={t('scope.environment')}
        value={environment}
        onChange={(event) => {
          const next = event.target.value
          const stays = apps.some((known) => known.app === app && (next === '' || known.environment === next))
          setView({ environment: next, app: stays ? app : '', at: '', ctx: '' })
        }}
      >
        <option value="">{t('scope.allEnvironments')}</option>
        {environments.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label={t('scope.app')}
        value={app}
        onChange={(event) => setView({ app: event.target.value, at: '', ctx: '' })}
      >
        <option value="">{t('scope.allApps')}</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Sorted, each once, and the chosen one in any case: a link may name an app that is gone. */
function distinct(names: string[], chosen: string): string[] {
  return [...new Set([...names, chosen])].filter((name) => name !== '').sort((a, b) => a.localeCompare(b))
}
