import { usePage } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { Icon } from './icon.tsx'

/** Short news at the lower edge. The region stays in the tree: only what comes into it is read aloud. */
export function Toasts() {
  const toasts = useStore(usePage().toasts)
  return (
    <div className="toasts" role="status">
      {toasts.map((toast) => (
        <p key={toast.id} className={`toast ${toast.kind}`}>
          <Icon name={toast.kind === 'done' ? 'check' : 'warning'} />
          {toast.text}
        </p>
      ))}
    </div>
  )
}
