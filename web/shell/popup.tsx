import { type ReactNode, useEffect, useId, useRef, useState } from 'react'

interface PopupProps {
  /** What the button shows. */
  face: ReactNode
  /** Name of the button where its face does not say it. */
  label?: string
  className?: string
  /** What kind of thing opens. */
  kind?: 'menu' | 'dialog'
  /** Opens at the right edge of its button. */
  right?: boolean
  onOpen?: () => void
  children: (close: () => void) => ReactNode
}

/**
 * A button with a panel that hangs on it. The browser's own popover puts the panel above everything, closes it on
 * Escape and on a click elsewhere, and gives the focus back.
 */
export function Popup({ face, label, className, kind = 'dialog', right, onOpen, children }: PopupProps) {
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const panel = useRef<HTMLDivElement>(null)
  const id = useId()
  const close = () => panel.current?.hidePopover()

  useEffect(() => {
    if (!open || !panel.current || !button.current) return
    panel.current.showPopover()
    place(panel.current, button.current.getBoundingClientRect(), right ?? false)
    const first = panel.current.querySelector<HTMLElement>('[data-first], [role^="menuitem"]')
    first?.focus({ preventScroll: true })
  }, [open, right])

  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup={kind}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => {
          if (open) return close()
          onOpen?.()
          setOpen(true)
        }}
      >
        {face}
      </button>
      {open && (
        // biome-ignore lint/a11y: the role is menu or dialog, both of which take a name and keys.
        <div
          ref={panel}
          id={id}
          popover="auto"
          role={kind}
          aria-label={label ?? (typeof face === 'string' ? face : undefined)}
          className="popup"
          onToggle={(event) => event.newState === 'closed' && setOpen(false)}
          onKeyDown={(event) => {
            // The page's own keys stay out of what lies above it.
            event.stopPropagation()
            if (kind === 'menu') step(event.currentTarget, event)
          }}
        >
          {children(close)}
        </div>
      )}
    </>
  )
}

const GAP = 4

/** Below its button where there is room, else above, and never out of the window. */
function place(panel: HTMLElement, at: DOMRect, right: boolean): void {
  const { width, height } = panel.getBoundingClientRect()
  const left = right ? at.right - width : at.left
  const below = at.bottom + GAP + height <= innerHeight || at.top < innerHeight / 2
  const top = below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)
  panel.style.left = `${Math.max(GAP, Math.min(left, innerWidth - width - GAP))}px`
  panel.style.top = `${top}px`
  panel.style.maxHeight = `${(below ? innerHeight - top : at.top) - 2 * GAP}px`
}

function step(menu: HTMLElement, event: React.KeyboardEvent): void {
  const items = [...menu.querySelectorAll<HTMLElement>('[role^="menuitem"]')]
  const at = items.indexOf(document.activeElement as HTMLElement)
  const to = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at <= 0 ? items.length : at) - 1,
    Home: 0,
    End: items.length - 1
  }[event.key]
  if (to === undefined) return
  event.preventDefault()
  items[to]?.focus()
}
