import { useSettings } from '../state/page.ts'

interface ResizerProps {
  /** Under this name the size is kept. */
  pane: string
  label: string
  /** The edge that moves: a vertical line changes a width, a horizontal one a height. */
  line: 'vertical' | 'horizontal'
  start: number
  min: number
  max: number
  /** The pane lies behind the line: dragging towards it makes it smaller. */
  behind?: boolean
}

const STEP = 16

/** The line between two panes; drag it, or focus it and use the arrows. */
export function Resizer({ pane, label, line, start, min, max, behind = false }: ResizerProps) {
  const [settings, change] = useSettings()
  const size = sizeOf(settings.panes, pane, start, min, max)
  const set = (next: number) =>
    change({ panes: { ...settings.panes, [pane]: Math.round(Math.max(min, Math.min(max, next))) } })

  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that moves is not a thematic break.
    <div
      className={`resizer ${line}`}
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={line}
      aria-valuenow={size}
      aria-valuemin={min}
      aria-valuemax={max}
      onDoubleClick={() => set(start)}
      onKeyDown={(event) => {
        const by = { ArrowLeft: -STEP, ArrowUp: -STEP, ArrowRight: STEP, ArrowDown: STEP }[event.key]
        if (by === undefined) return
        event.preventDefault()
        event.stopPropagation()
        set(size + (behind ? -by : by))
      }}
      onPointerDown={(event) => {
        const handle = event.currentTarget
        const from = line === 'vertical' ? event.clientX : event.clientY
        const stop = new AbortController()
        handle.setPointerCapture(event.pointerId)
        const moved = (move: PointerEvent) => {
          const by = (line === 'vertical' ? move.clientX : move.clientY) - from
          set(size + (behind ? -by : by))
        }
        handle.addEventListener('pointermove', moved, { signal: stop.signal })
        handle.addEventListener('lostpointercapture', () => stop.abort(), { signal: stop.signal })
      }}
    />
  )
}

export function sizeOf(
  panes: Readonly<Record<string, number>>,
  pane: string,
  start: number,
  min: number,
  max: number
): number {
  return Math.max(min, Math.min(max, panes[pane] ?? start))
}
