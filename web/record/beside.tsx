import { useLook } from '../list/look.ts'
import { useRoom } from '../shell/media.ts'
import { usePage, useSettings } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { RecordDetail } from './detail.tsx'

/** The opened record in a pane of its own; it follows the selection. Nothing while records open below their rows. */
export function RecordBeside() {
  const { explorer, history } = usePage()
  const [{ record: place }] = useSettings()
  const feed = useStore(explorer.feed)
  const selected = useStore(explorer.selected)
  const isOpen = useStore(history.entry, (entry) => entry.open === true)
  const room = useRoom()
  useStore(feed.rows.version)
  const look = useLook(800, false)
  const record = feed.rows.record(selected)
  return isOpen && place === 'beside' && record && room !== 'narrow' ? (
    <RecordDetail key={record.id} record={record} look={look} />
  ) : null
}
