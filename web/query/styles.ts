import { StyleModule } from 'style-mod'

/**
 * CodeMirror writes its rules into a style element, which the policy that the page is served under refuses. Given to
 * the document as a style sheet object they are no inline style. Before the page's own, so that those win.
 */
export function adoptStyles(): void {
  const mounted = new Set<StyleModule>()
  StyleModule.mount = (_root, modules) => {
    const fresh = [modules].flat().filter((module) => !mounted.has(module))
    if (fresh.length === 0) return
    for (const module of fresh) mounted.add(module)
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(`@layer editor { ${fresh.map((module) => module.getRules()).join('\n')} }`)
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
  }
}
