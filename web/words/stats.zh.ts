import type { statsEn } from './stats.en.ts'

export const statsZh: Record<keyof typeof statsEn, string> = {
  'stats.now': '{name}：CPU {cpu}，内存 {memory}（实线与虚线为最近 30 分钟）',
  'stats.then': '{name}，{minutes} 分钟前：CPU {cpu}，内存 {memory}'
}
