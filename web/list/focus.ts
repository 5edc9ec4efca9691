import { type RefObject, useLayoutEffect, useRef } from 'react'

/** True in it where the selected row is to get the focus once it is drawn. */
export function useRowFocus(
  scroller: RefObject<HTMLDivElement | null>,
  selected: string,
  selectedAt: number
): RefObject<boolean> {
  // a list that replaces another takes over its focus
  const wantsFocus = useRef(selected !== '' && isOurs(document.activeElement))
  useLayoutEffect(() => {
    if (!wantsFocus.current || selectedAt < 0) return
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${selectedAt}"]`)
    if (!row) return
    wantsFocus.current = false
    if (isOurs(document.activeElement)) row.focus({ preventScroll: true })
  })
  return wantsFocus
}

/** Nobody else has the focus. */
function isOurs(focused: Element | null): boolean {
  return focused === null || focused === document.body || focused.closest('.list') !== null
}
