import { Component, type ReactNode } from 'react'
import { asError } from '../api/as-error.ts'
import { t } from '../words/index.ts'

/** A part of the page that fails says so in its own place; the others go on. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state = { error: undefined as Error | undefined }

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: asError(error) }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (!error) return this.props.children
    return (
      <div className="failed" role="alert">
        <p>{t('page.broken', { reason: error.message })}</p>
        <button type="button" className="framed" onClick={() => this.setState({ error: undefined })}>
          {t('page.tryAgain')}
        </button>
      </div>
    )
  }
}
