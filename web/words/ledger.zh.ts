import type { ledgerEn } from './ledger.en.ts'

export const ledgerZh: Record<keyof typeof ledgerEn, string> = {
  'ledger.complete': '数据完整。',
  'ledger.since': '自 {time} 起数据完整，更早的日志未保留。',
  'ledger.blind': '除 {count} 个无法判断的容器外，数据完整。',
  'ledger.lines': '{gaps} 个缺口，{host} 上约缺失 {lines} 行，{when}：{cause}。',
  'ledger.least': '{gaps} 个缺口，{host} 上至少约缺失 {lines} 行，{when}：{cause}。',
  'ledger.bytes': '{gaps} 个缺口，{host} 上缺失 {bytes}，{when}：{cause}。',
  'ledger.unknown': '{gaps} 个大小未知的缺口，{host}，{when}：{cause}。',
  'ledger.hosts': '{count} 台主机',
  'ledger.failed': '无法查询数据是否完整：{reason}',
  'ledger.risks': '{count} 个风险',
  'ledger.risksLabel': '可能丢失日志的设置',
  'ledger.riskAt': '{host} 上的 {name}',
  'ledger.more': '另有 {count} 个',
  'ledger.strip': '缺失的部分，与图表同一时间轴',
  'ledger.behind': '{host}：{time} 之后的日志仍在传送',
  'ledger.past': '{time} 之前的日志未保留',
  'ledger.cannotTell': '{names} 的日志可能缺失而不留痕迹',
  'ledger.gapCount': '{count} 个缺口',
  'gap.lines': '{host} 上的 {name}，{when}：约缺失 {lines} 行（{bytes}），{cause}',
  'gap.least': '{host} 上的 {name}，{when}：至少约缺失 {lines} 行（{bytes}），{cause}',
  'gap.bytes': '{host} 上的 {name}，{when}：缺失 {bytes}，{cause}',
  'gap.unknown': '{host} 上的 {name}，{when}：缺失的行数不明，{cause}',
  'when.between': '{from}–{to}',
  'when.after': '{time} 之后',
  'when.before': '{time} 之前',
  'when.noticed': '于 {time} 发现',
  'cause.rotated-unread': '读取前已被轮转删除',
  'cause.removed-unread': '读取前已被移除',
  'cause.hold-exceeded': '等待上传的日志过多',
  'cause.truncated': '读取前已被截断',
  'cause.source-gap': '读取前已被来源丢弃',
  'cause.unreadable': '无法读取',
  'cause.nul': '文件中应有日志之处为零字节',
  'cause.several': '多种原因'
}

/** By the hub's code; it says the same in English. */
export const risksZh: Record<string, string> = {
  'not-read': '未读取其日志。请改用 json-file 日志驱动，并确认代理有权读取 Docker 目录。',
  'opted-out': '其日志已被标签排除。',
  'engine-api': '通过引擎接口读取，可能无声丢行。请改用 json-file。',
  'non-blocking': 'mode=non-blocking 在缓冲区满时无声丢行。请改用 blocking。',
  'no-rotation': '从不轮转，日志会占满磁盘。请设置 max-size 与 max-file。',
  'one-file': 'max-file=1 会立即删除写满的日志。请设为 max-file=3。',
  'small-rotation': '保留过少，代理重启时可能丢失。请设置 max-size=10m、max-file=3。',
  label: '有一个标签无法使用：{reason}'
}
