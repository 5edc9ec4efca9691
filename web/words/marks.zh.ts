import type { marksEn } from './marks.en.ts'

export const marksZh: Record<keyof typeof marksEn, string> = {
  name: '{app} {image} 到 {environment}',
  began: '{time} {name}',
  open: '打开',
  waiting: '等待批准',
  running: '进行中',
  paused: '已暂停',
  'rolling-back': '正在回滚',
  succeeded: '成功',
  'rolled-back': '已回滚',
  failed: '失败',
  cancelled: '已取消',
  mark: '{time} 部署 {name}：{state}'
}
