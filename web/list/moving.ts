/** What the list does on keys: moving the selection, jumping to errors, moves, gaps and hits, opening. */
import { type RefObject, useEffect, useRef } from 'react'
import { exclude, include } from '../../collector/query/grammar.ts'
import type { LevelName, RecordJson } from '../../server/api/logs.ts'
import type { Command } from '../keys/commands.ts'
import { copyText } from '../record/copy.ts'
import { linkTo } from '../record/link.ts'
import { useCommand, usePage, useSettings, useSetView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'
import { readAnsi, stripped } from './ansi.ts'
import type { Find } from './find.ts'
import type { Frame } from './frame.ts'
import type { Look } from './look.ts'
import { foundIn, type Mark } from './marks.ts'
import { PIN_MS, type Pin } from './pin.ts'
import type { Row } from './rows.ts'
import { shownText } from './text.ts'

/** Pages that one press loads at most to find a row, and the time in which they are drawn. */
const MOST_SOUGHT = 20
const SEEK_PAUSE_MS = 60

interface Wiring extends Frame {
  selectedAt: number
  pin: RefObject<Pin>
  wantsFocus: RefObject<boolean>
  find: Find
  hits: (text: string) => readonly Mark[]
  look: Look
}

export function useMoves(wiring: Wiring): {
  openContext: (record: RecordJson, scope: 'instance' | 'app') => void
} {
  const { feed, sight, virtualizer, scroller, selectedAt, pin, wantsFocus, find, hits, look, order } = wiring
  const { t } = useLanguage()
  const page = usePage()
  const setView = useSetView()
  const [settings, setSettings] = useSettings()
  const { explorer, history } = page
  const found = useStore(find.state)

  const select = (index: number, align: 'auto' | 'center' = 'auto'): boolean => {
    const seen = sight.at(index)
    if (!seen) return false
    pin.current = undefined
    feed.tail?.pause('focused')
    explorer.select(seen.row.key, seen.row.kind === 'record')
    wantsFocus.current = isInList(scroller.current)
    virtualizer.scrollToIndex(index, { align })
    return true
  }

  const step = (by: number): boolean => {
    const from = selectedAt < 0 ? firstVisible() - Math.sign(by) : selectedAt
    const clamped = Math.max(0, Math.min(sight.count - 1, from + by))
    // the opened record below its row is no stop of its own
    const over = sight.at(clamped)?.kind === 'detail' ? Math.sign(by) : 0
    return select(Math.max(0, Math.min(sight.count - 1, clamped + over)))
  }

  const pagesSought = useRef(0)
  const firstVisible = () => virtualizer.range?.startIndex ?? 0
  const visible = () => Math.max(2, (virtualizer.range?.endIndex ?? 10) - firstVisible())

  /**
   * The next row in a direction of the screen for which `fits` holds. More pages are loaded to find one, then the
   * command runs again; a sentence says when there is none.
   */
  const seek = (command: Command, direction: 1 | -1, fits: (row: Row) => boolean): void => {
    for (
      let i = (selectedAt < 0 ? firstVisible() - 1 : selectedAt) + direction;
      i >= 0 && i < sight.count;
      i += direction
    ) {
      const seen = sight.at(i)
      if (seen?.kind === 'row' && fits(seen.row)) {
        pagesSought.current = 0
        // what is far off comes with its surroundings
        const { startIndex = i, endIndex = i } = virtualizer.range ?? {}
        select(i, i < startIndex || i > endIndex ? 'center' : 'auto')
        return
      }
    }
    void seekFurther(command, direction)
  }

  const seekFurther = async (command: Command, direction: 1 | -1): Promise<void> => {
    const end = direction > 0 === (order === 'down') ? 'newer' : 'older'
    const { kind } = feed.status.get()[end]
    if (pagesSought.current >= MOST_SOUGHT || (kind !== 'more' && kind !== 'asking')) {
      pagesSought.current = 0
      page.toast(t('list.noneFurther'))
      return
    }
    pagesSought.current++
    await feed.load(end)
    setTimeout(() => page.commands.run(command), SEEK_PAUSE_MS)
  }

  const marksOf = (row: Row): readonly Mark[] => {
    if (row.kind !== 'record') return []
    const { text } = readAnsi(shownText(row.record, look.sheet.pretty, false).text)
    return found.text === '' ? hits(text) : foundIn(text, found.text)
  }

  const nextHit = (direction: 1 | -1): void => {
    const at = found.at && sight.indexOf(feed.rows, found.at.key)
    const here = at !== undefined && at >= 0 ? at : undefined
    const seen = here === undefined ? undefined : sight.at(here)
    if (found.at && seen) {
      const mark = found.at.mark + direction
      if (mark >= 0 && mark < marksOf(seen.row).length) {
        find.standOn(seen.row.key, mark)
        return
      }
    }
    for (
      let i = (here ?? (selectedAt < 0 ? -1 : selectedAt - direction)) + direction;
      i >= 0 && i < sight.count;
      i += direction
    ) {
      const next = sight.at(i)
      if (next?.kind !== 'row') continue
      const marks = marksOf(next.row).length
      if (marks === 0) continue
      find.standOn(next.row.key, direction > 0 ? 0 : marks - 1)
      select(i)
      return
    }
    page.toast(t('list.noneFurther'))
  }

  const record = feed.rows.record(explorer.selected.get())

  const openContext = (of: RecordJson, scope: 'instance' | 'app'): void => {
    const item = virtualizer.measurementsCache[sight.indexOf(feed.rows, of.id)]
    const offset = item && scroller.current ? item.start - scroller.current.scrollTop : undefined
    const anchor = offset === undefined ? undefined : { id: of.id, offset }
    setView({ at: of.id, ctx: scope }, 'push', { anchor })
  }

  const isLevel =
    (...levels: LevelName[]) =>
    (row: Row) =>
      row.kind === 'record' && levels.includes(row.record.level)
  const toOldest = async () => {
    await feed.loadOldest()
    feed.tail?.pause('scrolled')
    const first = feed.rows.first()
    if (!first) return
    explorer.select(first.id, true)
    wantsFocus.current = true
    pin.current = { kind: 'row', id: first.id, offset: order === 'down' ? 40 : undefined }
    feed.rows.changed()
    setTimeout(() => {
      if (pin.current?.kind === 'row') pin.current = undefined
    }, PIN_MS)
  }
  const toNewest = () => {
    if (feed.status.get().newer.kind !== 'end') {
      setView({ at: '' }, 'replace')
      page.ask()
      return
    }
    feed.tail?.follow()
    const last = feed.rows.last()
    if (!last) return
    pin.current = { kind: 'newest' }
    if (!feed.tail) explorer.select(last.id, true)
    feed.rows.changed()
  }

  useCommand('focus-list', () => {
    const index = selectedAt >= 0 ? selectedAt : order === 'down' ? sight.count - 1 : 0
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)
    row?.focus({ preventScroll: true })
    return row !== undefined && row !== null
  })
  useCommand('row-next', () => step(1))
  useCommand('row-previous', () => step(-1))
  useCommand('page-down', () => step(visible()))
  useCommand('page-up', () => step(-visible()))
  useCommand('half-down', () => step(Math.ceil(visible() / 2)))
  useCommand('half-up', () => step(-Math.ceil(visible() / 2)))
  useCommand('oldest', () => void toOldest())
  useCommand('newest', toNewest)
  useCommand('error-next', () => seek('error-next', 1, isLevel('error', 'fatal')))
  useCommand('error-previous', () => seek('error-previous', -1, isLevel('error', 'fatal')))
  useCommand('warning-next', () => seek('warning-next', 1, isLevel('warn')))
  useCommand('warning-previous', () => seek('warning-previous', -1, isLevel('warn')))
  useCommand('move-next', () => seek('move-next', 1, isMove))
  useCommand('move-previous', () => seek('move-previous', -1, isMove))
  useCommand('gap-next', () => seek('gap-next', 1, isGap))
  useCommand('gap-previous', () => seek('gap-previous', -1, isGap))
  useCommand('find-next', () => nextHit(1))
  useCommand('find-previous', () => nextHit(-1))
  useCommand('open', () => {
    const row = sight.at(selectedAt)?.row
    if (row?.kind === 'deploy') return setView({ page: 'deploys', deploy: row.deploy.id })
    if (!record) return false
    feed.tail?.pause('opened')
    history.mark({ open: !history.entry.get().open })
    wantsFocus.current = true
    return true
  })
  useCommand('back', () => {
    if (history.entry.get().open) {
      history.mark({ open: false })
      wantsFocus.current = true
      return true
    }
    if (history.view.get().ctx === '') return false
    if (history.entry.get().pushed) history.back()
    else setView({ ctx: '' })
    return true
  })
  useCommand('context-instance', () => record !== undefined && openContext(record, 'instance'))
  useCommand('context-app', () => record !== undefined && openContext(record, 'app'))
  useCommand('copy-line', () => record !== undefined && copyText(stripped(record.text), page, t))
  useCommand(
    'copy-json',
    () => record !== undefined && copyText(JSON.stringify(record, undefined, 2), page, t)
  )
  useCommand('copy-link', () => record !== undefined && copyText(linkTo(record, history.view.get()), page, t))
  useCommand('include', () => onFocusedValue('include'))
  useCommand('exclude', () => onFocusedValue('exclude'))
  useCommand('pretty', () => setSettings({ pretty: !settings.pretty }))
  useCommand('wrap', () => setSettings({ wrap: !settings.wrap }))
  useCommand('order', () => setView({ order: order === 'down' ? 'up' : 'down' }))
  useCommand('follow', () => {
    const { tail } = feed
    if (!tail) return false
    if (tail.status.get().reading.kind === 'paused') tail.follow()
    else tail.pause('asked')
    return true
  })

  const onFocusedValue = (how: 'include' | 'exclude'): boolean => {
    const { field, value } = (document.activeElement?.closest<HTMLElement>('[data-field]')?.dataset ??
      {}) as {
      field?: string
      value?: string
    }
    if (field === undefined || value === undefined) return false
    setView({ q: (how === 'include' ? include : exclude)(history.view.get().q, field, value), ctx: '' })
    return true
  }

  // Typing in the find box goes to the first hit at or behind the selection.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another text moves the reader
  useEffect(() => {
    if (found.text === '' || found.at) return
    const from = selectedAt < 0 ? firstVisible() : selectedAt
    for (let n = 0; n < sight.count; n++) {
      const index = (from + n) % sight.count
      const seen = sight.at(index)
      if (seen?.kind !== 'row' || marksOf(seen.row).length === 0) continue
      find.standOn(seen.row.key, 0)
      select(index)
      return
    }
  }, [found.text])

  return { openContext }
}

/** The app runs elsewhere, or is another one. */
function isMove({ kind }: Row): boolean {
  return kind === 'move' || kind === 'deploy'
}

/** Lines that are lost, or not loaded. */
function isGap({ kind }: Row): boolean {
  return kind === 'range' || kind === 'gap'
}

function isInList(scroller: HTMLElement | null): boolean {
  const { activeElement } = document
  return activeElement === document.body || scroller?.contains(activeElement) === true
}
