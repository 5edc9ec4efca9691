import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { budget } from './budget.ts'

const hub = process.env.DRIFTLOG_DEV_HUB ?? 'http://127.0.0.1:7400'

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react(), budget({ firstScriptBytes: 135_000, firstStyleBytes: 12_000, allBytes: 300_000 })],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // the page is served under a policy without inline scripts
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false
  },
  server: { host: '127.0.0.1', proxy: { '/api': { target: hub, changeOrigin: true } } }
})
