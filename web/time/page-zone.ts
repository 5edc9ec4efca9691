import { useSettings, useView } from '../state/page.ts'
import { browserZone, isZone } from './zone.ts'

/** The one zone of the page: pinned in the URL, else the reader's choice, else the browser's. */
export function usePageZone(): string {
  const { tz } = useView()
  const [settings] = useSettings()
  return [tz, settings.zone].find(isZone) ?? browserZone()
}
