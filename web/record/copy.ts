import type { Page } from '../state/page.ts'
import type { Translate } from '../words/index.ts'

/** Copies and says so. A browser that refuses is answered with a sentence, never with silence. */
export function copyText(text: string, page: Pick<Page, 'toast'>, t: Translate): void {
  write(text).then(
    () => page.toast(t('page.copied')),
    () => page.toast(t('page.copyFailed'), 'failed')
  )
}

async function write(text: string): Promise<void> {
  // Pages over plain HTTP have no clipboard object; the old command still works there.
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const field = document.createElement('textarea')
  field.value = text
  field.style.position = 'fixed'
  document.body.append(field)
  field.select()
  const done = document.execCommand('copy')
  field.remove()
  if (!done) throw new Error('refused')
}
