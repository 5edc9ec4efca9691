import { useEffect, useState } from 'react'
import { useSettings } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import { stripped } from './ansi.ts'
import type { Feed } from './feed.ts'
import { isError } from './rows.ts'

/** A log that read every line aloud could not be used: at most one sentence in this time. */
const QUIET_MS = 5000

/** Tells assistive technology how the list grows. */
export function Speaker({ feed }: { feed: Feed }) {
  const { t } = useLanguage()
  const [{ speakErrors }] = useSettings()
  const [sentence, setSentence] = useState('')
  useEffect(() => {
    let lines = 0
    let errors = 0
    let newestError = ''
    const stop = feed.tail?.arrivals.subscribe(() => {
      const records = feed.tail?.arrivals.get() ?? []
      lines += records.length
      for (const record of records) {
        if (!isError(record)) continue
        errors++
        newestError = stripped(record.text).slice(0, 200)
      }
    })
    const told = feed.status.subscribe(() => {
      const { phase } = feed.status.get()
      if (phase === 'shown' && !feed.tail) setSentence(t('speak.found', { count: feed.rows.count }))
    })
    const timer = setInterval(() => {
      if (lines === 0) return
      const counted = t('speak.new', { count: lines, errors })
      setSentence(speakErrors && newestError !== '' ? `${counted} ${newestError}` : counted)
      lines = 0
      errors = 0
      newestError = ''
    }, QUIET_MS)
    return () => {
      stop?.()
      told()
      clearInterval(timer)
    }
  }, [feed, t, speakErrors])
  return (
    <p className="hidden-text" role="status" aria-live="polite" data-speaker="">
      {sentence}
    </p>
  )
}
