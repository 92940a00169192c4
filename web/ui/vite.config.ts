import { defineConfig } from 'vite'

// The content security policy forbids inline script and style, so nothing is
// inlined and the preload polyfill is left out. `npm run dev` proxies the API
// of a running server (SIGHTLINE, default the demo's address).
const server = process.env.SIGHTLINE ?? 'http://127.0.0.1:8080'
const proxied = { target: server, changeOrigin: false, secure: false, ws: true }

export default defineConfig({
  base: '/',
  appType: 'mpa',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { index: 'index.html', guest: 'guest.html' } },
  },
  server: {
    proxy: {
      '/api': proxied,
      '/whep': proxied,
      '^/g/(exchange|[^/]+/.+)$': proxied,
    },
  },
})
