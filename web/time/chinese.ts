/**
 * Dates and clocks written in Chinese, rewritten the way they are written elsewhere: `11月22日 下午3点05分` becomes
 * `11-22 15:05:00`. Everything else stays as it is. Full-width forms have been narrowed before.
 */
export function rewriteChinese(text: string): string {
  return text
    .replace(/半个?(?=小时|钟头)/g, '0.5')
    .replace(/[一二两三四五六七八九十](?=个?(?:秒|分钟|小时|钟头|天|周|星期|礼拜))/g, (digit) =>
      String(digit === '两' ? 2 : NUMERALS.indexOf(digit))
    )
    .replace(
      /(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?/g,
      (_, y, m, d) => `${y}-${two(m)}-${two(d)} `
    )
    .replace(/(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]/g, (_, m, d) => `${two(m)}-${two(d)} `)
    .replace(CLOCK, (_, half, hour, minute, second) => clock(half, Number(hour), minute, second))
    .replace(/(上午|早上|凌晨|中午|下午|晚上)\s*(\d{1,2}):(\d\d)/g, (_, half, hour, minute) =>
      clock(half, Number(hour), minute, undefined)
    )
    .replace(/\s+/g, ' ')
    .trim()
}

const NUMERALS = ['', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十']

const CLOCK =
  /(?:(上午|早上|凌晨|中午|下午|晚上)\s*)?(\d{1,2})\s*[点时](?:\s*(半|\d{1,2})\s*分?)?(?:\s*(\d{1,2})\s*秒)?/g

function clock(
  half: string | undefined,
  hour: number,
  minute: string | undefined,
  second: string | undefined
) {
  const afternoon = half === '下午' || half === '晚上' || (half === '中午' && hour < 11)
  const shown = afternoon && hour < 12 ? hour + 12 : hour
  const minutes = minute === '半' ? '30' : two(minute ?? '0')
  return `${two(String(shown))}:${minutes}${second === undefined ? '' : `:${two(second)}`}`
}

function two(digits: string): string {
  return digits.padStart(2, '0')
}
