import { type ReactNode, useId } from 'react'
import { useLanguage } from '../words/index.ts'

interface SectionProps {
  title: string
  /** Shown beside the title. */
  tool?: ReactNode
  busy?: boolean
  error?: Error | undefined
  children: ReactNode
}

/** One part of the sidebar. When it fails it says so in its own place. */
export function Section({ title, tool, busy = false, error, children }: SectionProps) {
  const { t } = useLanguage()
  const heading = useId()
  return (
    <section className={busy ? 'facet busy' : 'facet'} aria-labelledby={heading} aria-busy={busy}>
      <div className="facet-head">
        <h2 id={heading}>{title}</h2>
        {tool}
      </div>
      {error ? <p className="wrong">{t('facet.failed', { reason: error.message })}</p> : children}
    </section>
  )
}
