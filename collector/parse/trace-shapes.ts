/** How lines of traces look, of Java, Python, Node.js, Go, .NET, Ruby, PHP, Rust and of what loggers print beside them. */
const NAMED = '(?:[A-Za-z_$][\\w$]*(?:[./\\\\]|::))*'
const THROWN = `${NAMED}[A-Za-z_$][\\w$]*(?:Exception|Error|Throwable|Failure|Fault|Interrupt|Exit|Timeout|Warning|RemoteTraceback)\\d*|${NAMED}(?:Error|Exception)`
/** `java.lang.IllegalStateException: …`, `TypeError: …`, with what may stand before it. */
export const HEADER = new RegExp(
  `^(?:\\t|\\s*\\xe2[\\x80-\\xbf]{2} )?(?:Exception in thread "[^"]*" |Uncaught (?:exception )?|Unhandled exception[.:] |\\(node:\\d+\\) (?:\\w+: )?|(?:PHP )?(?:Fatal|Recoverable fatal) error: +(?:Uncaught )?(?:exception ')?|Error: )?(?:${THROWN})(?:'? with message .*|:| \\[| \\(|, |$)`
)
/** What a runtime says itself, and no logger introduces. */
export const CRASH = /^(?:PHP |Fatal error|Exception in thread|Uncaught |Unhandled exception|\(node:)/
export const PHP_ERROR =
  /^(?:\[[^\]]*\] )?(?:(?:NOTICE|WARNING): PHP message: )?(?:PHP )?(?:Fatal|Parse|Recoverable fatal) error: +Uncaught /
export const CAUSE = /^\s*(?:Caused by|Suppressed|Wrapped by): /
/** The same with the name of what was thrown: enough to begin with. */
export const NAMED_CAUSE = /^\s*(?:Caused by|Suppressed|Wrapped by): (?:[\w$]+\.)+[\w$]+(?::|$)/
export const DOTTED = /^(?:[\w$]+\.){2,}[\w$]+(?:: |$)/
export const INNER = /^ *---> /
export const AT_CALL = /^\s+at (?:(?:async|new|get|set|static) )*[^\s(]+(?: \[as [^\]]+\])?\(.*\)/
export const AT_SPACED = /^\s+at .*\(\w+\.(?:java|kt|scala|groovy|clj):\d+\)/
export const AT_NAMED =
  /^\s+at (?:(?:async|new|get|set|static) )*[^\s(]+(?: [^\s(]+)?(?: \[as [^\]]+\])? \((?:.*:\d+|native|<anonymous>|index \d+|eval at .*)\),?(?: \{)?$/
export const AT_PLACE =
  /^\s+at (?:async )?(?:file:\/\/|node:|\/|[A-Za-z]:[\\/]|webpack|internal\/|https?:|<|\[eval)\S*(?: \{)?,?$/
export const MORE = /^\s*\.\.\. (?:\d+ |$)/
export const TRACEBACK = /Traceback \(most recent call last\):$/
export const GROUP = /^\s*\+ Exception Group Traceback/
export const PYTHON_FILE = /^(?:\s+|> )File "[^"]+", line \d+/
export const PYTHON_THROWN = /^[A-Za-z_][\w.]*(?::(?: |$)|$|\()/
export const PYTHON_CHAIN =
  /^(?:During handling of the above exception|The above exception was the direct cause)/
export const PYTHON_INTRO =
  /^(?:--- Logging error ---$|Exception ignored (?:in|on)|(?:Task|Future) exception was never retrieved|Exception in callback )/
export const PYTHON_DETAIL =
  /^(?:\[SQL: |\[parameters: |\(Background on this error|DETAIL: |HINT: |LINE \d+: |CONTEXT: |Message: |Arguments: |FATAL: {2})/
export const GO_BEGIN =
  /^(?:panic: |fatal error: |goroutine \d+ |\[signal |SIG[A-Z]+: |unexpected fault address)/
export const GO_SERVED = /^[\d/]+ [\d:.]+ (?:\S+\.go:\d+: )?(?:http2?: |\[Recovery\] )?.*panic/
export const GO_FURTHER =
  /^(?:goroutine |created by |\[(?:signal|originating)|exit status \d|\.\.\.(?:additional|\d+) frames|runtime stack:|runtime: |\t|\S+\(.*\)$|panic\(|[a-z]\w{0,5} +0x[0-9a-f]+$|PC=0x)/
/** `/app/main.go:12 (0x8f2b1d)` */
export const GO_PLACE = /^\S+:\d+ \(0x[0-9a-f]+\)$/
export const GO_NAME = /^[\w./*()[\]·{}%-]+\.[\w./*()[\]·{}%-]+$/
export const RUBY_FRAME = /^\s*(?:\[[^\]]*\] )*(?:from )?\S+:\d+:in [`'"]/
/** `[tag] ActiveRecord::RecordNotFound (…):` as Rails writes it. */
export const RUBY_NAMED = /^(?:\[[^\]]*\] )*[A-Z]\w*(?:::[A-Z]\w*)* \(.*\):$/
export const RUBY_FURTHER =
  /^(?:\t? *\d+: from |\s+from |\s+\.\.\. \d+ levels|Did you mean\?|\s*(?:\[[^\]]*\] )+\S+\.rb:\d+)/
export const PHP_FURTHER =
  /^(?:#\d+ (?:\{main\}|\[internal function\]|.*\(\d+\): |\S+\(.*\))|(?:PHP )?Stack trace:|\s+thrown in |\[(?:stacktrace|previous exception)\]|Next \S+: |PHP +\d+\. )/
export const RUST_BEGIN = /^thread '[^']*' (?:\(\d+\) )?panicked at /
export const RUST_FURTHER = /^(?:note: |stack backtrace:|Stack backtrace:|Caused by:$|Location:$)/
export const CONSOLE = /^(?:trce|dbug|info|warn|fail|crit): \S+\[\d+\]$/
export const SOURCE = /^(?:file:\/\/|node:|\/|[A-Za-z]:\\)\S*:\d+$/
export const THREAD = /^"[^"]+" (?:#\d+ |Id=\d+ |prio=|daemon )/
export const INDENTED = /^[ \t]+\S/
/** `    reqId: "req-3"`: how pino-pretty and others write fields below a line. */
export const FIELD = /^ {4}[\w$@.-]+: ?\S/
/** `/app/x.py:20: RuntimeWarning: …`; the line of the program follows. */
export const PYTHON_WARNING = /^\S+\.py:\d+: (?:[\w.]+)?Warning: /
export const PRINTED = /^(?:Array|[\w\\]+ Object)$/
/** `Nov 20, 2023 6:01:31 PM com.acme.Ftp fetch`: java.util.logging; the level and the message follow. */
export const TWO_LINED = /^[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M \S+ \S+$/
export const SECOND_LINE = /^(?:SEVERE|WARNING|INFO|CONFIG|FINE|FINER|FINEST): /
/** Below a stack that .NET gives up on. */
export const REPEATED = /^(?:Repeat(?:ed)? \d+ times:|-{20,})$/
export const TAGS_ONLY = /^\s*(?:\[[^\]]*\]\s*)+$/
/** How loggers begin their lines: no part of somebody else's message. */
export const FRESH =
  /^(?:\[?\d{2,4}[-/.:]\d\d|[DIWEFA], \[\d{4}-|[[(]?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE|trace|debug|info|warn|warning)\b[\]:| ]|\{"|<\d{1,3}>|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d|[IWEF]\d{4} |(?:time|ts|level)=)/
