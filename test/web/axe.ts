/** What is wrong with a page for those who use assistive technology, or a finger. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { TestPage } from './browser.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe-core has to say, as short lines. It is evaluated, not injected: the page allows no foreign scripts. */
export async function faultsOf(page: TestPage): Promise<string[]> {
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(
          options: object
        ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>
      }
    }
    const { violations } = await axe.run({ resultTypes: ['violations'] })
    return violations.flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 3)
        .map(
          (node) =>
            `${id} (${nodes.length}): ${node.html.slice(0, 160)} ${node.failureSummary?.slice(0, 300) ?? ''}`
        )
    )
  })
}

/** Buttons below 24 × 24 px. */
export async function tooSmall(page: TestPage): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, select, input:not([type="checkbox"])')]
      .map((element) => ({ element, place: element.getBoundingClientRect() }))
      .filter(({ place }) => place.width > 0 && (place.width < 23.5 || place.height < 23.5))
      .map(({ element }) => element.outerHTML.slice(0, 120))
  )
}
