/** Words of deploys where marks and rows of the list name them; they come with these. */
export const marksEn = {
  name: '{app} {image} to {environment}',
  began: '{time} {name}',
  open: 'Open',
  waiting: 'waits for an approval',
  running: 'under way',
  paused: 'paused',
  'rolling-back': 'rolling back',
  succeeded: 'succeeded',
  'rolled-back': 'rolled back',
  failed: 'failed',
  cancelled: 'cancelled',
  mark: '{name} deployed at {time}: {state}'
} as const
