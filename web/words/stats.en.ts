/** Words of numbers beside instances; they come with the part of the page that shows them. */
export const statsEn = {
  'stats.now': '{name}: CPU {cpu}, memory {memory} (line and dashes: the last 30 minutes)',
  'stats.then': '{name}, {minutes|# minute|# minutes} ago: CPU {cpu}, memory {memory}'
} as const
