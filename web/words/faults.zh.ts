import type { DiagnosticCode } from '../../collector/query/grammar.ts'

/** 查询文本可能出现的问题，按解析器给出的代码。 */
export const faultsZh: Record<DiagnosticCode, string> = {
  'too-long': '查询最多 {limit} 个字符，现在有 {length} 个。',
  'too-deep': '括号最多嵌套 {limit} 层。',
  'too-many-terms': '一个查询最多 {limit} 个条件。',
  'too-many-words': '一个短语最多 {limit} 个词，现在有 {count} 个。',
  'unclosed-quote': '引号没有闭合。',
  'unclosed-bracket': '括号没有闭合。',
  'unclosed-regex': '正则表达式没有以 / 结束。',
  'unclosed-range': '范围没有以 ] 或 } 结束。',
  'unopened-bracket': '这个右括号没有对应的左括号。',
  'empty-group': '括号之间没有内容。',
  'empty-quote': '引号之间没有内容。',
  'empty-regex': '正则表达式是空的。',
  'bad-regex': '正则表达式无效：{reason}。',
  'bad-flags': '正则表达式后面只能写标志 i，不能写 {flags}。',
  'regex-too-long': '正则表达式最多 {limit} 个字符。',
  'bad-range': '范围的写法是 [from TO to]，例如 status:[400 TO 499]。',
  'bad-operator': '{operator} 不是运算符。可用的有 : = != < <= > >=。',
  'bad-level': '{level} 不是日志级别。级别有 {levels}。',
  'no-order': '{name} 没有大小顺序，请用 : 或 = 比较。',
  'missing-value': '{name}{operator} 后面缺少值。',
  'nested-field': '{outer}:(…) 里只能写 {outer} 的值，不能写别的字段。',
  'dangling-operator': '{operator} 两边都需要条件。',
  'dangling-not': '{operator} 后面需要一个条件。',
  'only-prefixes': '{text} 只能找到以此开头的词。要找词的一部分，请用 {fix}。',
  'lower-case-operator': '{text} 会被当作普通的词来搜索。运算符应写作 {fix}。',
  'foreign-operator': '{text} 会被当作普通文本来搜索。运算符应写作 {fix}。',
  'single-quotes': '只有双引号才表示短语。',
  'full-width': '{text} 会被当作普通文本来搜索。运算符、引号和括号要用半角。',
  'near-name': '{name} 会在日志行的字段里查找。内置字段名是 {fix}。'
}
