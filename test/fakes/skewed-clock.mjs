// Imported before a program (NODE_OPTIONS=--import …), it makes its clock wrong by SKEW_MS milliseconds.
const skewMs = Number(process.env.SKEW_MS ?? 0)
const { now } = Date
Date.now = () => now() + skewMs
