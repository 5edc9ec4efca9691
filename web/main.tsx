import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { Page, PageContext } from './state/page.ts'

const root = document.getElementById('page')
if (root) {
  const page = new Page(window)
  createRoot(root).render(
    <StrictMode>
      <PageContext value={page}>
        <App />
      </PageContext>
    </StrictMode>
  )
}
