/** Widths of the list's columns: known to the arithmetic of heights and to the drawing alike. */
import { useMemo, useRef } from 'react'
import type { HostJson } from '../../server/api/fleet.ts'
import { usePage, useSettings, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { type HostLook, hostColour, hostTag } from '../theme/host.ts'
import { usePageZone } from '../time/page-zone.ts'
import { Clock } from './clock.ts'
import { type Face, measureFace, type Sheet } from './measure.ts'

export interface Look {
  sheet: Sheet
  clock: Clock
  /** The time column says the day too. */
  days: boolean
  columns: {
    time: number
    host: number
    level: number
    /** 0: not shown, one app was chosen. */
    app: number
    field: number
  }
  fields: readonly string[]
  host(id: string, name: string): HostLook & { tag: string }
}

/** Between columns, and at the list's right edge (the scroll bar stands outside). */
const GAP = 8
const BAR = 4
const TEXT_END = 12
const NARROW = 700
const FIELD_CELLS = 16
const APP_CELLS = 12
const LINE = 20

export function useLook(width: number, days: boolean): Look {
  const { app, cols } = useView()
  const [{ wrap, pretty, density }] = useSettings()
  const zone = usePageZone()
  const hosts = useStore(usePage().fleet, (fleet) => fleet.hosts)
  const face = useFace()
  const measured = useMemo(() => {
    const narrow = width < NARROW
    const cells = (count: number) => Math.ceil(count * face.cell)
    const columns = {
      time: cells(narrow ? 8 : days ? 18 : 12),
      host: cells(6),
      level: cells(1),
      app: app === '' ? cells(APP_CELLS) : 0,
      field: cells(FIELD_CELLS)
    }
    const shown = [columns.time, columns.host, columns.level, columns.app, ...cols.map(() => columns.field)]
    const taken = shown.reduce((sum, column) => sum + (column > 0 ? column + GAP : 0), 0)
    const textWidth = Math.max(80, width - BAR - GAP - TEXT_END - (narrow ? 0 : taken))
    const padding = density === 'dense' && !narrow ? 0 : 4
    const sheet: Sheet = { face, textWidth, wrap, pretty, narrow, lineHeight: LINE, padding }
    return { sheet, columns }
  }, [app, cols, wrap, pretty, density, face, width, days])
  return useMemo(
    () => ({ ...measured, clock: new Clock(zone), days, fields: cols, host: hostLooks(hosts) }),
    [measured, zone, days, cols, hosts]
  )
}

function hostLooks(hosts: readonly HostJson[]): Look['host'] {
  const known = new Map(hosts.map((host) => [host.host, host]))
  const looks = new Map<string, HostLook & { tag: string }>()
  return (id, name) => {
    let look = looks.get(id)
    if (!look) {
      look = { ...hostColour(known.get(id)?.slot ?? 7), tag: hostTag(known.get(id)?.name ?? name) }
      looks.set(id, look)
    }
    return look
  }
}

function useFace(): Face {
  const face = useRef<Face | undefined>(undefined)
  face.current ??= measureFace(
    `13px ${getComputedStyle(document.documentElement).getPropertyValue('--mono')}`
  )
  return face.current
}
